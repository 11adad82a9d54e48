// Connections without a venue: what may be sent, what faults make of it, and what ends with whom.
#include "sim/connections.hpp"

#include <gmock/gmock.h>

#include "sim/draw.hpp"
#include "sim/request.hpp"

namespace derivd::sim::test {
namespace {

using ::testing::ElementsAre;
using Kind = Action::Kind;

Stream stream(Stream::Kind kind, std::string id) {
  Stream s;
  s.kind = kind;
  s.id = id;
  s.key = "key " + id;
  return s;
}

class Open : public ::testing::Test {
 protected:
  static core::Instant after(std::chrono::milliseconds d) { return core::Instant{} + d; }
  static Fault fault(FaultKind kind, std::int64_t amount = 0) { return {kind, amount, "", ""}; }
  std::vector<Kind> kinds() {
    std::vector<Kind> out;
    for (const auto& a : connections_.take_actions()) out.push_back(a.kind);
    return out;
  }

  Ledger ledger_{Ledger::Sink{}};
  venue::Book book_{venue::Book::Options{}};
  Accounts accounts_{{TokenSpec::parse("v3one").value(), TokenSpec::parse("v3two").value(),
                      TokenSpec::parse("v3also:read:same").value()},
                     {core::Money::minor(1), {1}, {1'000}},
                     book_,
                     ledger_};
  OneTimePasswords otps_;
  std::vector<std::string> lines_;
  Transcript transcript_{[this](std::string_view line) { lines_.emplace_back(line); }, accounts_,
                         otps_};
  Faults faults_{1};
  Connections connections_{faults_, transcript_};
  Connection& c_ = connections_.open(7, Dialect::kV3, nullptr, {});
};

TEST_F(Open, NothingFollowsTheEndOfAConnection) {
  connections_.send(c_, "a", {}, {});
  connections_.close(c_, 1008);
  connections_.send(c_, "b", {}, {});
  connections_.push(c_, "tick", "R_100", "c", {});
  connections_.abort(c_);
  const auto actions = connections_.take_actions();
  ASSERT_EQ(actions.size(), 2U);
  EXPECT_EQ(actions[0].frame, "a");
  EXPECT_EQ(actions[1].kind, Kind::kClose);
  EXPECT_EQ(actions[1].code, 1008);
  EXPECT_EQ(connections_.find(7), nullptr) << "it answers no more";
  EXPECT_EQ(connections_.size(), 1U) << "its socket is still there";
  EXPECT_EQ(lines_.size(), 1U);
  EXPECT_DEATH(connections_.close(c_, 1000), "nothing follows the end");
  connections_.gone(7);
  EXPECT_EQ(connections_.size(), 0U);
}

TEST_F(Open, FaultsChangeHowAFrameIsSent) {
  connections_.send(c_, "x", {fault(FaultKind::kDelay, 20), fault(FaultKind::kDelay, 5)}, {});
  connections_.send(c_, "x", {fault(FaultKind::kSplit, 3), fault(FaultKind::kDuplicate)}, {});
  connections_.send(c_, "x", {fault(FaultKind::kLoseReply)}, {});
  connections_.send(c_, "x", {fault(FaultKind::kGarbage)}, {});
  const auto actions = connections_.take_actions();
  ASSERT_EQ(actions.size(), 4U);
  EXPECT_EQ(actions[0].delay_ms, 25);
  EXPECT_EQ(actions[1].split, 3U);
  EXPECT_EQ(actions[2].split, 3U);
  EXPECT_EQ(actions[3].frame, "{\"echo_req\":{\"tr");
  EXPECT_TRUE(connections_.take_actions().empty());
}

TEST_F(Open, FaultsEndAConnectionWithOrWithoutTheFrame) {
  Connection& d = connections_.open(8, Dialect::kV3, nullptr, {});
  Connection& e = connections_.open(9, Dialect::kV3, nullptr, {});
  connections_.send(c_, "x", {fault(FaultKind::kDropUnanswered)}, {});
  connections_.send(d, "x", {fault(FaultKind::kDropAfter)}, {});
  connections_.send(e, "x", {fault(FaultKind::kClose, 1001), fault(FaultKind::kDropAfter)}, {});
  EXPECT_THAT(kinds(),
              ElementsAre(Kind::kAbort, Kind::kSend, Kind::kAbort, Kind::kSend, Kind::kClose));
}

TEST_F(Open, AMutedConnectionIsSilentUntilTheFaultsAreCleared) {
  connections_.send(c_, "a", {fault(FaultKind::kStopWriting)}, {});
  connections_.send(c_, "b", {}, {});
  EXPECT_TRUE(connections_.take_actions().empty());
  EXPECT_EQ(connections_.find(7), &c_);
  connections_.unmute();
  connections_.send(c_, "c", {}, {});
  EXPECT_THAT(kinds(), ElementsAre(Kind::kSend));
}

TEST_F(Open, AFaultOfStreamsMeetsPushesAlone) {
  ASSERT_TRUE(
      faults_.add(*Json::parse(R"({"when":{"call":"tick","symbol":"R_100"},"do":"drop_before"})")));
  connections_.push(c_, "tick", "R_50", "a", {});
  connections_.send(c_, "b", {}, {});
  EXPECT_THAT(kinds(), ElementsAre(Kind::kSend, Kind::kSend));
  connections_.push(c_, "tick", "R_100", "c", {});
  EXPECT_THAT(kinds(), ElementsAre(Kind::kAbort));
}

TEST_F(Open, OnlyAnIdleConnectionOfV3IsCut) {
  Connection& options = connections_.open(8, Dialect::kOptions, nullptr, {});
  Connection& heard = connections_.open(9, Dialect::kV3, nullptr, {});
  Connection& told = connections_.open(10, Dialect::kV3, nullptr, {});
  connections_.heard(heard, "{}", after(std::chrono::milliseconds(1)));
  connections_.send(told, "x", {}, after(std::chrono::milliseconds(1)));
  connections_.abort_idle(after(std::chrono::milliseconds(119'999)));
  EXPECT_THAT(kinds(), ElementsAre(Kind::kSend));
  connections_.abort_idle(after(std::chrono::milliseconds(120'000)));
  EXPECT_THAT(kinds(), ElementsAre(Kind::kAbort));
  EXPECT_EQ(connections_.find(7), nullptr);
  for (const auto* c : {&options, &heard, &told}) EXPECT_EQ(connections_.find(c->id()), c);
}

TEST_F(Open, AQuietConnectionIsCutInVenueTimeWhereARuleSaysSo) {
  Connection& options = connections_.open(8, Dialect::kOptions, nullptr, {});
  Connection& told = connections_.open(9, Dialect::kOptions, nullptr, {});
  connections_.abort_quiet({1000}, 30);
  connections_.send(told, "x", {}, after(std::chrono::milliseconds(1)));
  connections_.abort_quiet({1029}, 30);
  EXPECT_THAT(kinds(), ElementsAre(Kind::kSend));
  connections_.abort_quiet({1030}, 30);
  EXPECT_THAT(kinds(), ElementsAre(Kind::kAbort, Kind::kAbort));
  EXPECT_EQ(connections_.find(7), nullptr);
  EXPECT_EQ(connections_.find(options.id()), nullptr) << "of either dialect";
  EXPECT_EQ(connections_.find(told.id()), &told);
  connections_.abort_quiet({1059}, 30);
  EXPECT_THAT(kinds(), ElementsAre(Kind::kAbort)) << "seen quiet since 1029";
}

TEST_F(Open, WhatIsOfAnAccountEndsWithIt) {
  Grant& one = *accounts_.grant_by_token("v3one");
  const auto follow = [&] {
    c_.streams.drop([](const Stream&) { return true; });
    c_.streams.add(stream(Stream::Kind::kTicks, "t"));
    c_.streams.add(stream(Stream::Kind::kBalance, "b"));
    c_.proposals.clear();
    c_.proposals.add({"p", {}, {}});
  };
  c_.log_in(one);
  EXPECT_EQ(c_.account_name(), "VRTC9000001");
  follow();
  c_.log_in(one);
  EXPECT_EQ(c_.streams.size(), 2U) << "the same account goes on";
  c_.log_in(*accounts_.grant_by_token("v3two"));
  ASSERT_EQ(c_.streams.size(), 1U);
  EXPECT_EQ(c_.streams.begin()->id, "t");
  EXPECT_EQ(c_.proposals.size(), 0U);
  follow();
  c_.log_out();
  EXPECT_EQ(c_.streams.size(), 1U);
  EXPECT_EQ(c_.account(), nullptr);
  EXPECT_EQ(c_.account_name(), "");
  Grant nobodys;
  EXPECT_DEATH(c_.log_in(nobodys), "somebody's");
}

TEST_F(Open, CallsCountAgainstTheAccountOnceThereIsOne) {
  const auto& balance = *find_call(Dialect::kV3, *Json::parse(R"({"balance":1})"));
  const auto until_refused = [&](Connection& c) {
    std::size_t n = 0;
    while (c.admit(balance, {})) ++n;
    return n;
  };
  EXPECT_EQ(until_refused(c_), V3Limits::kGeneralMinute);
  c_.log_in(*accounts_.grant_by_token("v3one"));
  EXPECT_EQ(until_refused(c_), V3Limits::kGeneralMinute);
  Connection& same = connections_.open(8, Dialect::kV3, accounts_.grant_by_token("v3one"), {});
  EXPECT_EQ(until_refused(same), 0U);
  Connection& options = connections_.open(9, Dialect::kOptions, nullptr, {});
  const auto& ping = *find_call(Dialect::kOptions, *Json::parse(R"({"ping":1})"));
  int pings = 0;
  while (options.admit(ping, {})) ++pings;
  EXPECT_EQ(pings, 10) << "a budget of its own";
}

TEST_F(Open, ASubscriptionIsRefusedTwiceAndWhenThereAreTooMany) {
  const auto json = *Json::parse(R"({"ticks":"R_100","subscribe":1})");
  const auto& info = *find_call(Dialect::kV3, json);
  Ids ids(1);
  Request r{c_, connections_, json, info, {}, envelope_of(json)};
  const auto* first = r.subscribe(Stream::Kind::kTicks, "ticks R_100", ids);
  ASSERT_NE(first, nullptr);
  EXPECT_EQ(first->id.size(), 36U);
  EXPECT_EQ(r.subscribe(Stream::Kind::kTicks, "ticks R_100", ids), nullptr);
  auto said = connections_.take_actions();
  ASSERT_EQ(said.size(), 1U);
  EXPECT_NE(said[0].frame.find("You are already subscribed to R_100."), std::string::npos);
  while (!c_.streams.full())
    ASSERT_NE(r.subscribe(Stream::Kind::kTicks, fmt::format("n{}", c_.streams.size()), ids),
              nullptr);
  EXPECT_EQ(c_.streams.size(), kMaxStreams);
  EXPECT_EQ(connections_.streams(), kMaxStreams);
  EXPECT_EQ(r.subscribe(Stream::Kind::kTicks, "one more", ids), nullptr);
  EXPECT_NE(connections_.take_actions().at(0).frame.find("RateLimit"), std::string::npos);
  EXPECT_DEATH((void)r.account(), "with an account alone");
}

TEST(Streams, EachHasAKeyAndAnIdOfItsOwn) {
  Streams streams;
  streams.add(stream(Stream::Kind::kCandles, "a"));
  auto other = stream(Stream::Kind::kCandles, "b");
  other.key = "key a";
  EXPECT_DEATH(streams.add(other), "where it is possible");
  other = stream(Stream::Kind::kCandles, "a");
  other.key = "another key";
  EXPECT_DEATH(streams.add(other), "an id of its own");
  EXPECT_EQ(streams.count(Stream::Kind::kCandles), 1U);
  EXPECT_EQ(streams.count(Stream::Kind::kTicks), 0U);
  EXPECT_TRUE(streams.begin()->follows_quotes_of(0));
  EXPECT_FALSE(streams.begin()->follows_quotes_of(1));
  EXPECT_FALSE(stream(Stream::Kind::kProposal, "p").follows_quotes_of(0));
}

TEST(Proposals, TheOldestAreForgottenFirst) {
  Proposals proposals;
  for (std::size_t i = 0; i <= kMaxProposals; ++i) proposals.add({fmt::format("n{}", i), {}, {}});
  EXPECT_EQ(proposals.size(), kMaxProposals);
  EXPECT_FALSE(proposals.find("n0"));
  venue::Quote dearer;
  dearer.stake = core::Money::minor(5);
  proposals.requote("n1", dearer);
  EXPECT_EQ(proposals.find("n1")->quote.stake, core::Money::minor(5));
  EXPECT_EQ(proposals.find("n2")->quote.stake, core::Money{});
  proposals.erase("n1");
  EXPECT_FALSE(proposals.find("n1"));
  EXPECT_DEATH(proposals.add({"n2", {}, {}}), "an id of its own");
}

}  // namespace
}  // namespace derivd::sim::test
