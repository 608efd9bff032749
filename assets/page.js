// What belongs to no tab: light or dark, Ctrl+Enter and Escape, where the focus is, what is unfolded.
const mode = element.querySelector('.mode');
function paint(dark) {
  document.body.classList.toggle('dark', dark);
  mode.setAttribute('aria-pressed', dark);
}
let chosen = null;
try { chosen = localStorage.getItem('ddpm-dark'); } catch (error) { /* a browser may forbid it; then it is not kept */ }
paint(chosen ? chosen === 'true' : document.body.classList.contains('dark'));
mode.onclick = () => {
  paint(!document.body.classList.contains('dark'));
  try { localStorage.setItem('ddpm-dark', document.body.classList.contains('dark')); } catch (error) { /* as above */ }
};

const seen = selector => [...document.querySelectorAll(selector)].find(one => one.offsetParent !== null);
const press = selector => {
  const button = seen(selector);
  if (button && !button.disabled) button.click();
};
// Escape closes what is open above the page; only where nothing is, it stops the work.
const above = () => document.querySelector('ul[role=listbox], dialog[open], [role=dialog]') || document.fullscreenElement
  || location.search.includes('view=');
document.addEventListener('keydown', event => {
  if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) { event.preventDefault(); press('.go'); }
  else if (event.key === 'Escape' && !above()) press('.halt');
}, true);

// A button that is switched off while it has the focus loses it; when Generate can be pressed again, it is given back.
let worked = false;
document.addEventListener('focusin', event => { worked = !!event.target.closest('.act'); });
new MutationObserver(() => {
  const go = seen('.go');
  if (worked && go && !go.disabled && document.activeElement === document.body) go.focus({ preventScroll: true });
}).observe(document.body, { attributes: true, attributeFilter: ['disabled'], subtree: true });

// gradio's folded panels show whether they are open, but do not say it, nor what is written below buttons later.
function unfold(label) {
  label.setAttribute('aria-expanded', label.classList.contains('open'));
  const icon = label.querySelector('.icon');
  if (icon) icon.setAttribute('aria-hidden', 'true');
}
new MutationObserver(changes => changes.forEach(({ target, addedNodes }) => {
  if (target.matches('.label-wrap')) unfold(target);
  addedNodes.forEach(node => node.querySelectorAll && tell(node));
})).observe(document.body, { attributes: true, attributeFilter: ['class'], childList: true, subtree: true });
function tell(part) {
  part.querySelectorAll('.label-wrap').forEach(unfold);
  part.querySelectorAll('.spoken').forEach(one => one.setAttribute('role', 'status'));
}
tell(document);

// Where the tabs do not all fit, the chosen one is brought into sight.
const sight = tab => tab.scrollIntoView({ inline: 'center', block: 'nearest' });
new MutationObserver(changes => changes.forEach(({ target }) => target.ariaSelected === 'true' && sight(target)))
  .observe(document.body, { attributes: true, attributeFilter: ['aria-selected'], subtree: true });

// gradio's slider moves a number typed beyond its end back to it, unasked, and makes an emptied field its lowest. Not
// telling it keeps what was typed: the slider stands at its end, what the request does not take is refused with a
// sentence, and an empty field is the model's default.
document.addEventListener('blur', event => {
  const { type, value, validity } = event.target;
  if (type === 'number' && (!value || validity.rangeOverflow || validity.rangeUnderflow)) event.stopPropagation();
}, true);
