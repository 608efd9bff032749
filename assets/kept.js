// Words outlive a reload, the visitor's own or gradio's after a lost connection. Kept in sessionStorage: that is this
// browser tab's, and a browser may forbid it; then a reload starts afresh.
const areas = () => [...document.querySelectorAll('.controls textarea')];
const text = part => part.textContent.trim();
const of = area => `ddpm-words-${text(area.closest('.studio').querySelector('h2'))}-${text(area.closest('label'))}`;
addEventListener('pagehide', () => areas().forEach(area => {
  try { sessionStorage.setItem(of(area), area.value); } catch (error) { /* see above */ }
}));
function restore(area) {
  let words = null;
  try { words = sessionStorage.getItem(of(area)); } catch (error) { /* see above */ }
  if (words === null || words === area.value) return;
  area.value = words;
  area.dispatchEvent(new Event('input', { bubbles: true }));
}
const known = new WeakSet();  // a tab's fields are made when it is first opened, and filled a moment later
const look = () => areas().filter(area => !known.has(area)).forEach(area => {
  known.add(area);
  setTimeout(restore, 200, area);
});
new MutationObserver(look).observe(document.body, { childList: true, subtree: true });
look();
