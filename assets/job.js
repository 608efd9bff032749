// A tab's job, kept in sessionStorage: that outlives a reload, not the browser tab, and a duplicated tab gets a copy.
const key = 'ddpm-job-' + props.tab;
function remember(job) {
  try { sessionStorage.setItem(key, job); } catch (error) { /* a browser may forbid it; then a reload starts afresh */ }
}
let left = null;
try { left = sessionStorage.getItem(key); } catch (error) { /* as above */ }
if (left) trigger('retry', { job: left });
