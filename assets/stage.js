// The stage of a tab: it pulls the newest frame of its job and shows it, so a slow link drops frames and never queues.
// `remember` is of job.js. `value` is {text, p, busy, failed, job, src, alt, film}; server.next_frame answers {n, src} or {end}.
const views = [...element.querySelectorAll('.view')], glow = element.querySelector('.glow img');
const film = element.querySelector('.film'), bar = element.querySelector('progress'), line = element.querySelector('output');
const labels = views.map(view => view.alt);
let job = null;

function show(pictures, alt) {  // a stage with one view shows the last of them
  const offset = pictures.length - views.length;
  views.forEach((view, i) => {
    view.src = pictures[Math.max(0, i + offset)];
    view.alt = alt ? `${labels[i]}: ${alt}` : labels[i];
  });
  glow.src = pictures[pictures.length - 1];
  element.classList.add('full');
}

async function pull(mine) {
  let seen = 0;
  while (job === mine) {
    let frame;
    try { frame = await server.next_frame({ job: mine, after: seen }); }
    catch (error) { await new Promise(wake => setTimeout(wake, 500)); continue; }
    if (!frame || frame.end) break;
    if (!frame.src) continue;
    seen = frame.n;
    if (job === mine) show(frame.src);
  }
}

function roll(reel) {  // the film stands where the views are
  if (reel && film.dataset.src === reel.src) return;
  film.replaceChildren();
  film.dataset.src = reel ? reel.src : '';
  element.classList.toggle('filmed', !!reel);
  if (!reel) return;
  const screen = document.createElement(reel.kind === 'mp4' ? 'video' : 'img');
  const moving = !matchMedia('(prefers-reduced-motion: reduce)').matches;
  const words = 'The film of the denoising';
  if (reel.kind === 'mp4') Object.assign(screen, { controls: true, loop: true, autoplay: moving, muted: true, playsInline: true });
  screen.setAttribute(reel.kind === 'mp4' ? 'aria-label' : 'alt', words);
  screen.src = reel.src;
  film.className = 'film ' + reel.kind;
  film.append(screen);
}

function apply() {
  const value = props.value || {};
  // A screen reader hears the beginning and the end; the steps between are the progress bar's.
  line.ariaLive = value.busy && element.classList.contains('busy') ? 'off' : 'polite';
  if (value.text !== undefined) line.textContent = value.text;
  bar.value = value.p || 0;
  element.classList.toggle('busy', !!value.busy);
  element.classList.toggle('failed', !!value.failed);
  roll(value.film);
  if (value.src) show(value.src, value.alt);
  if (!value.busy) { job = null; return; }
  if (!value.job || value.job === job) return;
  job = value.job;
  remember(job);
  pull(job);
}

watch('value', apply);
apply();
