// Buttons that stand for words: a click tells theirs.
element.addEventListener('click', event => {
  const button = event.target.closest('button[data-text]');
  if (button) trigger('click', { text: button.dataset.text });
});
