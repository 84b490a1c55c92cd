//! QR codes as inline SVG.

use std::fmt::Write as _;

use qrcode::{Color, EcLevel, QrCode};

/// Light modules around the code (ISO/IEC 18004: four).
const QUIET: usize = 4;

/// A QR code as one SVG path, with a label for those who do not see it. `label` must need no escaping.
///
/// # Errors
/// The content does not fit into a QR code.
pub fn svg(content: &str, label: &str) -> Result<String, qrcode::types::QrError> {
    let code = QrCode::with_error_correction_level(content, EcLevel::M)?;
    let (width, colors) = (code.width(), code.to_colors());
    let mut path = String::new();
    for (i, _) in colors.iter().enumerate().filter(|(_, color)| **color == Color::Dark) {
        let _ = write!(path, "M{} {}h1v1h-1z", i % width + QUIET, i / width + QUIET);
    }
    let side = width + 2 * QUIET;
    Ok(format!(
        "<svg class=\"qr\" role=\"img\" aria-label=\"{label}\" viewBox=\"0 0 {side} {side}\" \
         shape-rendering=\"crispEdges\"><title>{label}</title><rect width=\"{side}\" height=\"{side}\" \
         fill=\"#fff\"/><path d=\"{path}\"/></svg>"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_a_label_and_a_quiet_zone() {
        let svg = svg("https://fi.example/app/abc", "code").unwrap();
        assert!(svg.contains("role=\"img\" aria-label=\"code\""));
        assert!(svg.contains("d=\"M4 4h1v1h-1z"), "the finder pattern begins behind four light modules");
    }
}
