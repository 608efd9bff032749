// What belongs to no tab: light or dark, Ctrl+Enter and Escape, and a picture dropped beside the fields.
element.querySelector('.mode').onclick = () => document.body.classList.toggle('dark');

const press = selector => {
  const button = [...document.querySelectorAll(selector)].find(one => one.offsetParent !== null);
  if (button && !button.disabled) button.click();
};
document.addEventListener('keydown', event => {
  if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) { event.preventDefault(); press('.go'); }
  else if (event.key === 'Escape') press('.halt');
}, true);

// A picture input takes its own drops; anywhere else the file goes to the button that reads recipes.
const ours = event => event.dataTransfer && [...event.dataTransfer.types].includes('Files') && !event.target.closest('.drop');
const mark = on => document.body.classList.toggle('dragging', on);
document.addEventListener('dragover', event => { mark(ours(event)); if (ours(event)) event.preventDefault(); });
document.addEventListener('dragleave', event => { if (!event.relatedTarget) mark(false); });
document.addEventListener('drop', event => {
  mark(false);
  if (!ours(event) || !event.dataTransfer.files.length) return;
  event.preventDefault();
  const input = document.querySelector('#head input[type=file]');
  const box = new DataTransfer();
  box.items.add(event.dataTransfer.files[0]);
  input.files = box.files;
  input.dispatchEvent(new Event('change', { bubbles: true }));
});

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
