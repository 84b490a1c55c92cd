// swift-tools-version: 5.9
import PackageDescription

// `scripts/mobile-packages` lays this package out; on macOS it makes the xcframework too.
let package = Package(
    name: "Sceau",
    platforms: [.iOS(.v16)],
    products: [.library(name: "Sceau", targets: ["Sceau"])],
    targets: [
        .binaryTarget(name: "mobile_bridgeFFI", path: "mobile_bridgeFFI.xcframework"),
        .target(name: "Sceau", dependencies: ["mobile_bridgeFFI"]),
    ]
)
