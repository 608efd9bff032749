// While the sketch is shown, Enter in the prompt makes the picture in full; Shift+Enter is a new line.
document.addEventListener('keydown', event => {
  const typed = event.target.closest('.sketched textarea'), shown = element.querySelector('.sketch');
  if (!typed || !shown || !shown.offsetParent || event.key !== 'Enter' || event.shiftKey || event.ctrlKey || event.isComposing) return;
  event.preventDefault();
  event.stopPropagation();
  const go = [...document.querySelectorAll('.go')].find(one => one.offsetParent);
  if (go && !go.disabled) go.click();
}, true);
