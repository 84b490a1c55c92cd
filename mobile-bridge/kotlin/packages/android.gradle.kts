plugins {
    id("com.android.library") version "8.7.3"
    kotlin("android") version "2.1.0"
}

group = "fr.sceau"

android {
    namespace = "fr.sceau.bridge"
    compileSdk = 35

    defaultConfig {
        // PURPOSE_AGREE_KEY: the hardware key that the PIN is hardened with.
        minSdk = 31
    }

    compileOptions {
        sourceCompatibility = JavaVersion.VERSION_17
        targetCompatibility = JavaVersion.VERSION_17
    }

    kotlinOptions {
        jvmTarget = "17"
    }
}

dependencies {
    api("net.java.dev.jna:jna:5.15.0@aar")
}
