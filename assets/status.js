// The status line of the Upscale tab: `value` is {text, p, busy, job}; `remember` is of job.js.
function apply() {
  const { busy, job } = props.value || {};
  if (busy && job) remember(job);
}
watch('value', apply);
