#include "derivctl/journal_notices.hpp"

#include "common/output.hpp"

namespace derivd::ctl {

void tell_notices(store::Journal& journal) {
  for (const auto& text : journal.take_notices()) out::error("derivctl: warning: {}\n", text);
}

}  // namespace derivd::ctl
