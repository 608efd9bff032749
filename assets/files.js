// Pictures that are dropped or pasted: into a picture input, else to the button that reads recipes.
const hand = (input, file) => {
  const box = new DataTransfer();
  box.items.add(file);
  input.files = box.files;
  input.dispatchEvent(new Event('change', { bubbles: true }));
};
// gradio's input loses a drop where a picture stands already: it clears itself before it reads what was dropped.
function put(box, file, tries = 40) {
  const clear = box.querySelector('[aria-label="Remove Image"]'), input = box.querySelector('input[type=file]');
  if (clear && tries === 40) clear.click();
  if (input) hand(input, file);
  else if (tries) setTimeout(put, 50, box, file, tries - 1);
}
// The picture input at this place. The mask's canvas and before-and-after take no files: theirs is their tab's.
const takes = box => box && box.querySelector('[aria-label="Remove Image"], input[type=file]') && !box.closest('.canvas');
function place(target) {
  const box = target.closest('.drop');
  if (!box) return null;
  return takes(box) ? box : box.closest('.studio').querySelector('.controls .drop');
}
const brought = event => event.dataTransfer && [...event.dataTransfer.types].includes('Files');
const mark = on => document.body.classList.toggle('dragging', on);
document.addEventListener('dragover', event => {
  mark(brought(event) && !event.target.closest('.drop'));
  if (brought(event)) event.preventDefault();  // else the browser would open the file instead of the page
});
document.addEventListener('dragleave', event => { if (!event.relatedTarget) mark(false); });
document.addEventListener('drop', event => {
  mark(false);
  const file = brought(event) && event.dataTransfer.files[0];
  if (!file) return;
  event.preventDefault();
  event.stopPropagation();
  const box = place(event.target);
  if (box) put(box, file);
  else hand(document.querySelector('#head input[type=file]'), file);
}, true);

// A picture in the clipboard goes to the tab's picture; words that came with it stay words.
document.addEventListener('paste', event => {
  const file = [...event.clipboardData.files].find(one => one.type.startsWith('image/'));
  const box = [...document.querySelectorAll('.controls .drop')].find(one => one.offsetParent !== null);
  if (!file || !box || event.clipboardData.getData('text/plain')) return;
  event.preventDefault();
  event.stopPropagation();
  put(box, file);
}, true);
