//! Writes the Kotlin, Swift and Python bindings (README.md, "Bindings").

fn main() {
    uniffi::uniffi_bindgen_main();
}
