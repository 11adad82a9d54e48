#include <gtest/gtest.h>

#include "execution/order.hpp"
#include "service/log.hpp"

namespace derivd::ctl {
namespace {

// DERIVD_REASON of a settlement is the name of a witness, which nobody knows who has not read it.
TEST(WitnessWords, TheCatalogExplainsEachOne) {
  using execution::Witness;
  const auto body = service::message_info(core::EventKind::kContractSettled).body;
  for (const auto witness : {Witness::kContractStream, Witness::kTransaction, Witness::kPoll,
                             Witness::kReconciliation}) {
    const auto name = execution::name_of(witness);
    EXPECT_NE(body.find(name), std::string_view::npos) << name;
  }
}

}  // namespace
}  // namespace derivd::ctl
