// Name look-ups by themselves: what is answered, and to whom.
#include "net/resolver.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

#include "unit/net/resolver.hpp"
#include "unit/net/support.hpp"

namespace derivd::net {
namespace {

using testing::ElementsAre;

std::vector<std::string> texts(const Addresses& addresses) {
  std::vector<std::string> out;
  for (const auto& address : addresses) out.push_back(address.to_string());
  return out;
}

class LookUpTest : public testing::Test {
 protected:
  core::Result<Addresses> answer_to(const std::string& host) {
    std::optional<core::Result<Addresses>> answer;
    const LookUp look_up(io_.get_executor(), host, [&](const auto& found) { answer = found; });
    EXPECT_FALSE(answer) << "never from inside the constructor";
    // A thread that nobody waits for is no work of the loop's.
    const auto work = boost::asio::make_work_guard(io_);
    EXPECT_TRUE(turn_until(io_, [&] { return answer.has_value(); }));
    return answer.value_or(core::io_error("no answer"));
  }
  boost::asio::io_context io_;
};

TEST_F(LookUpTest, AddressesComeInTheirOrderAndOnce) {
  EXPECT_THAT(texts(*answer_to("several.test")), ElementsAre("127.0.0.2", "127.0.0.1"));
  EXPECT_THAT(texts(*answer_to("::1")), ElementsAre("::1"));
}

TEST_F(LookUpTest, ANameThatIsNoneIsNotFound) {
  EXPECT_EQ(answer_to("unknown.test").error().kind, core::ErrorKind::kNotFound);
}

TEST_F(LookUpTest, NobodyIsCalledAfterItsEndThoughTheAnswerIsThere) {
  auto slow = std::make_unique<SlowName>("both.slow.test");
  const auto work = boost::asio::make_work_guard(io_);
  int first = 0, second = 0;
  std::optional<LookUp> one, two;
  // Both answers are on their way in the loop when the first one is told.
  one.emplace(io_.get_executor(), "both.slow.test", [&](const auto&) {
    ++first;
    two.reset();
  });
  two.emplace(io_.get_executor(), "both.slow.test", [&](const auto&) { ++second; });
  ASSERT_TRUE(SlowName::reaches(2));
  slow.reset();
  ASSERT_TRUE(turn_until(io_, [&] { return first == 1; }));
  turn_ready(io_);
  EXPECT_EQ(second, 0);
}

TEST(AddressFailures, TheLatestComesLast) {
  const auto at = [](int n) {
    return tcp::endpoint(asio::ip::address_v4(0x0a000000U + static_cast<unsigned>(n)), 443);
  };
  std::vector<tcp::endpoint> all = {at(1), at(2), at(3), at(4)};
  note_failure("failures.test", at(1));
  note_failure("failures.test", at(2));
  note_failure("failures.test", at(1));
  note_failure("another.test", at(3));
  order_by_failures("failures.test", all);
  EXPECT_THAT(all, ElementsAre(at(3), at(4), at(2), at(1)));
  forget_failure("failures.test", at(1));
  order_by_failures("failures.test", all);
  EXPECT_THAT(all, ElementsAre(at(3), at(4), at(1), at(2)));
}

}  // namespace
}  // namespace derivd::net
