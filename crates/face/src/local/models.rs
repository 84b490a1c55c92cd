//! The three networks, in the program itself; each is loaded when it is first used.
//!
//! Their origin, licences and how they were converted stand in `models/NOTICE.md`; `models/SHA256SUMS` names their
//! bytes, and a test compares them.

use std::sync::{Arc, OnceLock};

use rten::{Model, RunOptions, ThreadPool};
use rten_tensor::{AsView as _, NdTensor, Tensor};

use crate::Error;

static YUNET: &[u8] = include_bytes!("../../models/yunet_2023mar_int8_portable.onnx");
static SFACE: &[u8] = include_bytes!("../../models/sface_2021dec_int8_portable.onnx");
static MESH: &[u8] = include_bytes!("../../models/mediapipe_face_landmark_468.onnx");

/// One network.
pub(super) struct Network {
    name: &'static str,
    file: &'static [u8],
    model: OnceLock<Option<Model>>,
}

impl Network {
    fn new(name: &'static str, file: &'static [u8]) -> Self {
        Self { name, file, model: OnceLock::new() }
    }

    /// Runs it on an input of four dimensions; its outputs in the order of the file.
    fn run(&self, threads: &Arc<ThreadPool>, input: &NdTensor<f32, 4>) -> Result<Vec<Vec<f32>>, Error> {
        let failed = Error::Engine(self.name);
        let model = self.model.get_or_init(|| Model::load_static_slice(self.file).ok());
        let model = model.as_ref().ok_or_else(|| failed.clone())?;
        let node = *model.input_ids().first().ok_or_else(|| failed.clone())?;
        let options = RunOptions::default().with_thread_pool(Some(Arc::clone(threads)));
        let outputs = model.run(vec![(node, input.view().into())], model.output_ids(), Some(options));
        let outputs = outputs.map_err(|_| failed.clone())?;
        let values = |value| Tensor::<f32>::try_from(value).map(|tensor| tensor.to_vec());
        outputs.into_iter().map(values).collect::<Result<_, _>>().map_err(|_| failed)
    }
}

/// All of them, on one pool of threads.
pub(super) struct Models {
    threads: Arc<ThreadPool>,
    yunet: Network,
    sface: Network,
    mesh: Network,
}

impl Models {
    /// Loads nothing yet. The threads are shared by all that use this value.
    pub(super) fn new(threads: usize) -> Self {
        Self {
            threads: Arc::new(ThreadPool::with_num_threads(threads.max(1))),
            yunet: Network::new("the detector failed", YUNET),
            sface: Network::new("the embedder failed", SFACE),
            mesh: Network::new("the landmark network failed", MESH),
        }
    }

    /// YuNet: `[1, 3, 640, 640]`, BGR of 0 to 255. Outputs: class, object, box, points, each for strides 8, 16, 32.
    pub(super) fn detect(&self, input: &NdTensor<f32, 4>) -> Result<Vec<Vec<f32>>, Error> {
        self.yunet.run(&self.threads, input)
    }

    /// SFace: `[1, 3, 112, 112]`, RGB of 0 to 255. Output: 128 numbers.
    pub(super) fn embed(&self, input: &NdTensor<f32, 4>) -> Result<Vec<f32>, Error> {
        let mut outputs = self.sface.run(&self.threads, input)?;
        if outputs.len() == 1 { Ok(outputs.remove(0)) } else { Err(Error::Engine(self.sface.name)) }
    }

    /// MediaPipe face landmarks: `[1, 192, 192, 3]`, RGB of 0 to 1. Output: 468 points of x, y, z in pixels of the
    /// crop.
    pub(super) fn landmarks(&self, input: &NdTensor<f32, 4>) -> Result<Vec<f32>, Error> {
        let outputs = self.mesh.run(&self.threads, input)?;
        let points = outputs.into_iter().find(|values| values.len() == 468 * 3);
        points.ok_or(Error::Engine(self.mesh.name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_networks_are_the_files_that_the_list_names() {
        let list = include_str!("../../models/SHA256SUMS");
        let files = [
            ("yunet_2023mar_int8_portable.onnx", YUNET),
            ("sface_2021dec_int8_portable.onnx", SFACE),
            ("mediapipe_face_landmark_468.onnx", MESH),
        ];
        for (name, bytes) in files {
            let line = format!("{}  {name}", hex::encode(crypto::sha256(bytes)));
            assert!(list.lines().any(|listed| listed == line), "{line}");
        }
    }
}
