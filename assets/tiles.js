// A row of picture buttons: a click marks the button and tells its number.
element.addEventListener('click', event => {
  const button = event.target.closest('button');
  if (!button) return;
  element.querySelectorAll('button').forEach(other => other.setAttribute('aria-pressed', other === button));
  trigger('click', { index: +button.dataset.i });
});
