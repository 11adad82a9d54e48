// One-time passwords: each opens one socket, soon, for its own kind of account; and nothing of them
// is ever written down.
#include "sim/otps.hpp"

#include <gtest/gtest.h>

#include "sim/transcript.hpp"

namespace derivd::sim::test {
namespace {

class Passwords : public ::testing::Test {
 protected:
  static core::Instant after(std::chrono::seconds s) { return core::Instant{} + s; }

  Ledger ledger_{Ledger::Sink{}};
  venue::Book book_{venue::Book::Options{}};
  Accounts accounts_{{TokenSpec::parse("pat_demo").value(), TokenSpec::parse("pat_x:real").value()},
                     {core::Money::minor(1), {1}, {1'000}},
                     book_,
                     ledger_};
  Grant& demo_ = *accounts_.grant_by_token("pat_demo");
  Grant& real_ = *accounts_.grant_by_token("pat_x");
  OneTimePasswords otps_;
};

TEST_F(Passwords, OpenOneSocketEach) {
  otps_.issue("a", demo_, {}, false);
  EXPECT_EQ(otps_.grant_of("a"), &demo_);
  EXPECT_EQ(otps_.grant_of("b"), nullptr);
  EXPECT_TRUE(otps_.spend("a", false, {}));
  EXPECT_FALSE(otps_.spend("a", false, {}));
  EXPECT_FALSE(otps_.spend("b", false, {}));
  EXPECT_EQ(otps_.grant_of("a"), &demo_) << "the socket that it has opened asks whose it is";
}

TEST_F(Passwords, OpenNothingLateBrokenOfTheOtherKindOrWithoutAToken) {
  otps_.issue("soon", demo_, {}, false);
  otps_.issue("late", demo_, {}, false);
  otps_.issue("broken", demo_, {}, true);
  otps_.issue("real", real_, {}, false);
  otps_.issue("gone", demo_, {}, false);
  EXPECT_TRUE(otps_.spend("soon", false, after(std::chrono::seconds(120))));
  EXPECT_FALSE(otps_.spend("late", false, after(std::chrono::seconds(121))));
  EXPECT_FALSE(otps_.spend("broken", false, {}));
  EXPECT_FALSE(otps_.spend("real", false, {}));
  EXPECT_TRUE(otps_.spend("real", true, {})) << "a refusal does not use it up";
  demo_.valid = false;
  EXPECT_FALSE(otps_.spend("gone", false, {}));
}

TEST_F(Passwords, TheOldestIsForgottenFirst) {
  for (std::size_t i = 0; i <= kMaxOtps; ++i) otps_.issue(fmt::format("n{}", i), demo_, {}, false);
  EXPECT_EQ(otps_.size(), kMaxOtps);
  EXPECT_EQ(otps_.grant_of("n0"), nullptr);
  EXPECT_EQ(otps_.grant_of("n1"), &demo_);
}

TEST_F(Passwords, AreGivenOutOnce) {
  otps_.issue("a", demo_, {}, false);
  EXPECT_DEATH(otps_.issue("a", demo_, {}, false), "given out once");
  Grant nobodys;
  EXPECT_DEATH(otps_.issue("b", nobodys, {}, false), "somebody's");
}

TEST_F(Passwords, ATranscriptShowsNeitherTokensNorPasswords) {
  std::vector<std::string> lines;
  const Transcript kept([&](std::string_view line) { lines.emplace_back(line); }, accounts_, otps_);
  otps_.issue("0ddba11", demo_, {}, false);
  kept.note("in", "v3", 3, R"({"authorize":"pat_demo","again":"pat_demo"})");
  kept.note("out", "rest", 0, "otp=0ddba11 is no JSON");
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0], R"({"dir":"in","dialect":"v3","conn":3,)"
                      R"("frame":{"authorize":"<token>","again":"<token>"}})");
  EXPECT_EQ(lines[1], R"({"dir":"out","dialect":"rest","conn":0,)"
                      R"("frame":"otp=<otp> is no JSON"})");
}

TEST_F(Passwords, WithoutASinkNothingIsWrittenDown) {
  const Transcript none({}, accounts_, otps_);
  EXPECT_FALSE(none.kept());
  none.note("in", "v3", 3, "{}");
}

}  // namespace
}  // namespace derivd::sim::test
