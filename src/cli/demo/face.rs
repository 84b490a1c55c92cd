//! The holder's face: of nobody (crates/face/faces), in the passport and before the virtual phone's camera.

/// The portrait in the chip, JPEG 2000.
pub(super) const PORTRAIT: &[u8] = include_bytes!("../../../crates/face/faces/ada/portrait.jp2");

macro_rules! frames {
    ($($name:literal),*) => {
        [$(($name, include_bytes!(concat!("../../../crates/face/faces/ada/", $name)).as_slice()),)*]
    };
}

/// What the camera sees at each step of a challenge.
pub(super) const FRAMES: [(&str, &[u8]); 10] = frames![
    "centre-1.jpg",
    "centre-2.jpg",
    "turn-left-1.jpg",
    "turn-left-2.jpg",
    "turn-right-1.jpg",
    "turn-right-2.jpg",
    "smile-1.jpg",
    "smile-2.jpg",
    "close-eyes-1.jpg",
    "close-eyes-2.jpg"
];
