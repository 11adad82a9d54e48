# Owns how CMake builds for arm64 on a machine that is not: Debian's cross compiler, and the libraries of arm64 beside
# those of the machine (multiarch). "./dev cross arm64" uses it where all of them are installed.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
# Without it pkg-config tells of this machine's own libraries.
set(ENV{PKG_CONFIG_LIBDIR} /usr/lib/aarch64-linux-gnu/pkgconfig:/usr/share/pkgconfig)
