# Sequences of reloads are shrunk to the shortest one that fails.
find_library(RAPIDCHECK rapidcheck REQUIRED)
target_link_libraries(property_config PRIVATE ${RAPIDCHECK})
