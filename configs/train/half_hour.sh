#!/usr/bin/env bash
# Half an hour of a large GPU: faces, then scenes. From the project's folder, detached, so that a lost line ends nothing:
#     setsid nohup configs/train/half_hour.sh OUT > half_hour.log 2>&1 &
# OUT/weights holds both models from the first minute on, written anew every minute (EMA, float16). What they learnt is in
# OUT/faces and OUT/scenes; `--resume` with the same settings goes on from there. Further settings follow OUT and hold for
# both runs; FACES and SCENES are for one of them. It needs what draws and compares: pip install --group train. The
# rehearsal on a CPU, at toy size, is this same script:
#     TOY=1 configs/train/half_hour.sh /tmp/rehearsal
set -euo pipefail
out=$1
shift
mkdir -p "$out/data"
common=(images=100000000 decay=0 save_every=1000000000 "weights=$out/weights" data.grow=false "$@")
if [[ -n "${TOY:-}" ]]; then
    common+=(device=cpu batch=4 snapshot_minutes=0.02 previews.count=2 previews.steps=2 previews.every=0 threads=1
        data.size=32 network.widths=[16,32] network.blocks=1 network.heads=2 network.res_blocks=1 ema=0.99)
    faces_minutes=0.1 scenes_minutes=0.1 pictures=12 painters=1
else
    common+=(device=cuda precision=bf16 compile=true batch=512 snapshot_minutes=1 previews.every=262144)
    faces_minutes=7 scenes_minutes=15 pictures=60000 painters=$(($(nproc) > 2 ? $(nproc) - 2 : 1))
    large=(data.plain=false "network.widths=[64,128,320]" network.blocks=6 network.heads=5 muon_rate=0.01 learning_rate=6e-4)
fi
python=${PYTHON:-python}
train() { # NAME MINUTES DECAY settings...
    local name=$1 minutes=$2 decay=$3
    shift 3
    echo "== $name: $(date)"
    "$python" -m ddpm train --config "configs/train/$name.yaml" "${common[@]}" "out=$out/$name" "minutes=$minutes" \
        "decay_minutes=$decay" "$@"
}
scenes=("data.cache=$out/data/scenes" "data.count=$pictures" "data.processes=$painters" "${large[@]:-muon_rate=0}" ${SCENES:-})

# Scenes are painted by the processor while the GPU learns faces.
"$python" -m ddpm train --prepare --config configs/train/scenes.yaml "${common[@]}" device=cpu "out=$out/scenes" minutes=1 \
    decay_minutes=0 "${scenes[@]}" > "$out/painting.log" 2>&1 &
painting=$!
train faces "$faces_minutes" "$(awk "BEGIN { print $faces_minutes / 5 }")" "data.cache=$out/data/faces" ${FACES:-}
wait "$painting"
train scenes "$scenes_minutes" "$(awk "BEGIN { print $scenes_minutes / 5 }")" "${scenes[@]}"
echo "== done: $(date)"
