#!/usr/bin/env python3
"""What the networks cost in ONNX Runtime on one thread: CPU time, medians. Needs onnxruntime and numpy."""

import statistics
import time
from pathlib import Path

import numpy
import onnxruntime

FILES = {
    "detector": ("yunet_2023mar_int8_portable.onnx", (1, 3, 640, 640), 255),
    "landmarks": ("mediapipe_face_landmark_468.onnx", (1, 192, 192, 3), 1),
    "embedder": ("sface_2021dec_int8_portable.onnx", (1, 3, 112, 112), 255),
}

for name, (file, shape, top) in FILES.items():
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(Path(__file__).parent / file), options)
    data = (numpy.random.default_rng(1).random(shape) * top).astype(numpy.float32)
    feed = {session.get_inputs()[0].name: data}
    session.run(None, feed)
    costs = []
    for _ in range(15):
        begun = time.process_time()
        session.run(None, feed)
        costs.append((time.process_time() - begun) * 1000)
    print(f"  ONNX Runtime, {name}: {statistics.median(costs):.1f} ms")
