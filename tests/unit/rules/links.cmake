# Counts allocations, as the tests of the engine do.
target_sources(unit_rules PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}/unit/engine/counting_new.cpp)
