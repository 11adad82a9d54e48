find_package(nlohmann_json REQUIRED)
target_link_libraries(property_deriv PRIVATE nlohmann_json::nlohmann_json)
# The scripted venue of the unit tests.
target_include_directories(property_deriv PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}/unit/deriv)
