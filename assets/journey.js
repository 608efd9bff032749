// From the photo to the face most like it. `value` is a part of {photo, framed, noise, nearest: {src, text}}; a part
// that is not named stays as it was, null takes its picture away, and nothing is seen before there is noise.
const stations = Object.fromEntries([...element.querySelectorAll('figure')].map(one => [one.dataset.name, one]));

function apply() {
  for (const [name, part] of Object.entries(props.value || {})) {
    const station = stations[name], picture = station.querySelector('img');
    station.hidden = !part;
    if (part) picture.src = part.src; else picture.removeAttribute('src');
    if (part && part.text) station.querySelector('figcaption').textContent = part.text;
  }
  element.classList.toggle('begun', !stations.noise.hidden);
}

watch('value', apply);
apply();
