# Paper mode's venue stands over the book, in the daemon's shell.
find_package(nlohmann_json REQUIRED)
target_link_libraries(unit_venue PRIVATE daemon_trader nlohmann_json::nlohmann_json)
