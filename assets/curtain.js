// gradio's editor shows an empty white square until it has drawn: so long the tab's picture stands over it, as large.
// Where the browser has no WebGL it never draws: then the picture stays, and says how a mask is given instead.
const editor = element.closest('.canvas'), image = element.querySelector('img');
const uploaded = () => element.closest('.studio').querySelector('.controls > .drop img');
const paints = document.createElement('canvas').getContext('webgl2') || document.createElement('canvas').getContext('webgl');
const end = performance.now() + 20000;  // ms; whatever becomes of the editor, it is not covered for ever

function look() {
  const undo = editor.querySelector('#mask [aria-label=Undo]'), picture = uploaded();
  const drawn = undo && (!undo.disabled || !picture);  // its first step is to take the picture in
  if (paints && (drawn || performance.now() > end)) {
    requestAnimationFrame(() => requestAnimationFrame(() => element.replaceChildren()));
    return;
  }
  if (picture && image.src !== picture.src) image.src = picture.src;
  setTimeout(look, 50);
}
if (!paints) element.querySelector('figcaption').textContent =
  'This browser cannot paint here (WebGL is off): give the mask as a file, under More settings.';
look();
