// Owns what can be told, by the first two lines of a tick file that is not of derivd's own form, of
// the flags with which `derivctl ticks import` would take it. TickCsv says it in the error about
// the header. It is advice: nothing is read by it, and what two lines do not tell is left to the
// person.
#pragma once

#include <string>
#include <string_view>

namespace derivd::store {

/// How a file that begins with `text` might be imported, as a clause of a sentence.
std::string import_advice(std::string_view text);

}  // namespace derivd::store
