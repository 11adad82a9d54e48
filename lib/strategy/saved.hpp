// Owns the text form in which strategies keep their counters in the journal: a tag and whole
// numbers, parted by single blanks. The strategies of this folder write and read it. It never
// guesses: a text of another tag, with more or fewer numbers, is an error.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "core/result.hpp"

namespace derivd::strategy {

std::string save_numbers(std::string_view tag, std::span<const std::int64_t> numbers);
/// Fills all of `numbers`, or says what is wrong and leaves them as they were.
core::Result<void> load_numbers(std::string_view saved, std::string_view tag,
                                std::span<std::int64_t> numbers);

}  // namespace derivd::strategy
