plugins {
    kotlin("jvm") version "2.1.0"
    `java-library`
}

group = "fr.sceau"

dependencies {
    api("net.java.dev.jna:jna:5.15.0")
}

kotlin {
    jvmToolchain(17)
}
