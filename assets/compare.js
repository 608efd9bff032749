// Before and after without a mouse: gradio's pictures have no names and its line knows no keys; arrow keys pull it.
const STEP = 24;  // pixels
const studio = element.closest('.studio');

function pull(line, way) {  // as a mouse would
  const box = line.getBoundingClientRect(), x = box.left + box.width / 2, y = box.top + box.height / 2;
  const does = (where, type, clientX) =>
    where.dispatchEvent(new MouseEvent(type, { clientX, clientY: y, view: window, bubbles: true, cancelable: true }));
  does(line.querySelector('.inner'), 'mousedown', x);
  does(window, 'mousemove', x + way * STEP);
  does(window, 'mouseup', x + way * STEP);
  setTimeout(() => {  // gradio moves it a moment later
    const now = line.getBoundingClientRect(), whole = line.parentElement.getBoundingClientRect();
    line.ariaValueNow = String(Math.round((now.left + now.width / 2 - whole.left) / whole.width * 100));
  }, 50);
}

function reach() {
  const line = studio.querySelector('.compare .outer'), pictures = studio.querySelectorAll('.compare img');
  if (pictures.length === 2) [pictures[0].alt, pictures[1].alt] = ['Before', 'After'];
  if (!line || line.tabIndex === 0) return;
  Object.assign(line, { tabIndex: 0, role: 'slider', ariaLabel: 'Before and after', ariaValueNow: '50' });
  line.addEventListener('keydown', event => {
    const way = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!way) return;
    event.preventDefault();
    pull(line, way);
  });
}
new MutationObserver(reach).observe(studio, { childList: true, subtree: true });
reach();
