// What the holder of an account has limited it to: asked of whom, when, and what the session does
// while nobody answers.
#include <gtest/gtest.h>

#include "unit/deriv/rig.hpp"

namespace derivd::deriv::test {
namespace {

constexpr const char* kCall = "get_self_exclusion";

void want_real(SessionSettings& settings) {
  settings.account = "real";
  settings.allow_real = true;
}

/// Of the v3 API, up to the point where everything else is answered.
struct RealRig : Rig {
  RealRig() : Rig(Dialect::kV3, want_real) {}
  void log_in_real() {
    answer(request("authorize"), {{"msg_type", "authorize"},
                                  {"authorize",
                                   {{"loginid", "CR90000001"},
                                    {"currency", "USD"},
                                    {"is_virtual", 0},
                                    {"balance", 10000},
                                    {"scopes", {"read", "trade"}}}}});
  }
  void to_own_limits() {
    to_authorizing();
    log_in_real();
    sync_real();
  }
  void sync_real() {
    give_time(epoch);
    answer(
        request("balance"),
        {{"msg_type", "balance"},
         {"subscription", {{"id", kStream}}},
         {"balance",
          {{"balance", 10000}, {"currency", "USD"}, {"loginid", "CR90000001"}, {"id", kStream}}}});
    give_transactions();
    give_symbols();
  }
  void give_own_limits(json limits) {
    answer(request(kCall), {{"msg_type", kCall}, {kCall, std::move(limits)}});
  }
};

TEST(OwnLimits, NothingIsReconciledBeforeTheyAreTold) {
  RealRig rig;
  rig.to_own_limits();
  ASSERT_EQ(rig.requests(kCall), 1U);
  EXPECT_EQ(rig.session->state(), SessionState::kSyncing);
  EXPECT_FALSE(rig.listener.has("own"));
  rig.give_own_limits({{"max_open_bets", 3}, {"max_losses", 20}});
  EXPECT_EQ(rig.listener.last("own"), "own limits open 3 loss 20.00 until -");
  EXPECT_EQ(rig.session->state(), SessionState::kReconciling);
}

TEST(OwnLimits, AVenueThatWillNotTellThemKeepsNobodyFromTrading) {
  RealRig rig;
  rig.to_own_limits();
  rig.refuse(rig.request(kCall), "PermissionDenied", kCall);
  EXPECT_EQ(rig.session->state(), SessionState::kReconciling);
  EXPECT_FALSE(rig.listener.has("own"));
  EXPECT_FALSE(rig.listener.fatal);
  EXPECT_TRUE(rig.listener.has("notice frame_refused: get_self_exclusion is refused"));
  // What was not said is asked for again soon.
  rig.session->reconciled(rig.now());
  rig.idle(minutes(5) + seconds(2));
  ASSERT_EQ(rig.requests(kCall), 2U);
  rig.give_own_limits({{"max_losses", 9}});
  EXPECT_EQ(rig.listener.last("own"), "own limits open - loss 9.00 until -");
}

TEST(OwnLimits, NorDoesOneThatIsSilentOrNotUnderstood) {
  RealRig silent;
  silent.to_own_limits();
  silent.advance(seconds(4));
  EXPECT_EQ(silent.session->state(), SessionState::kSyncing);
  silent.advance(seconds(2));
  EXPECT_EQ(silent.session->state(), SessionState::kReconciling);
  RealRig strange;
  strange.to_own_limits();
  strange.give_own_limits({{"max_open_bets", "many"}});
  EXPECT_EQ(strange.session->state(), SessionState::kReconciling);
  EXPECT_FALSE(strange.listener.has("own"));
}

TEST(OwnLimits, ALimitOfCallsIsWaitedFor) {
  RealRig rig;
  rig.to_own_limits();
  rig.refuse(rig.request(kCall), "RateLimit", kCall);
  EXPECT_EQ(rig.session->state(), SessionState::kSyncing);
  rig.advance(seconds(2));
  ASSERT_EQ(rig.requests(kCall), 2U);
  rig.give_own_limits({{"max_losses", 7}});
  EXPECT_EQ(rig.listener.last("own"), "own limits open - loss 7.00 until -");
  EXPECT_EQ(rig.session->state(), SessionState::kReconciling);
}

TEST(OwnLimits, TheyAreAskedForAgainEachHourAndOnEachLink) {
  RealRig rig;
  rig.to_own_limits();
  rig.give_own_limits(json::object());
  EXPECT_EQ(rig.listener.last("own"), "own limits open - loss - until -");
  rig.session->reconciled(rig.now());
  ASSERT_EQ(rig.session->state(), SessionState::kLive);
  rig.idle(minutes(59));
  EXPECT_EQ(rig.requests(kCall), 1U);
  rig.idle(seconds(62));
  ASSERT_EQ(rig.requests(kCall), 2U);
  rig.give_own_limits({{"timeout_until", 1'800'000'000}});
  EXPECT_EQ(rig.listener.last("own"), "own limits open - loss - until 1800000000");

  ASSERT_EQ(rig.session->state(), SessionState::kLive);
  rig.session->on_closed(0, "the link broke", rig.now());
  ASSERT_EQ(rig.session->state(), SessionState::kConnecting)
      << "a link of an hour is renewed at once";
  rig.connect();
  rig.log_in_real();
  rig.sync_real();
  EXPECT_EQ(rig.requests(kCall), 3U);
  EXPECT_EQ(rig.session->state(), SessionState::kSyncing);
}

TEST(OwnLimits, AnAddressOnTrialIsAskedOnceItIsTaken) {
  RealRig rig;
  rig.to_own_limits();
  rig.give_own_limits({{"max_losses", 20}});
  rig.session->reconciled(rig.now());
  ASSERT_TRUE(rig.session->change_venue({"wss://two.test/v3", "2002", "", ""}, rig.now()));
  rig.connect();
  rig.log_in_real();
  rig.sync_real();
  ASSERT_TRUE(rig.session->on_trial());
  EXPECT_EQ(rig.session->state(), SessionState::kReconciling);
  EXPECT_EQ(rig.requests(kCall), 1U) << "what it says of the account counts for nothing yet";
  rig.session->reconciled(rig.now());
  EXPECT_EQ(rig.session->state(), SessionState::kLive);
  EXPECT_EQ(rig.requests(kCall), 2U);
}

TEST(OwnLimits, VirtualMoneyAndTheOptionsApiAreNotAsked) {
  for (const auto dialect : {Dialect::kOptions, Dialect::kV3}) {
    Rig rig(dialect);
    rig.to_live();
    EXPECT_EQ(rig.session->state(), SessionState::kLive);
    EXPECT_EQ(rig.requests(kCall), 0U);
  }
}

}  // namespace
}  // namespace derivd::deriv::test
