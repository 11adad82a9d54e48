// What a session sends, and when: budget, waits, ids.
#include <gtest/gtest.h>

#include "deriv/ask_list.hpp"
#include "parts_rig.hpp"

namespace derivd::deriv::test {
namespace {

struct RequestsTest : testing::Test, PartRig {
  Task wanted() {
    Task task;
    task.want();
    return task;
  }
};

TEST_F(RequestsTest, WhatIsWantedIsAskedOnceAndItsAnswerAwaited) {
  auto task = wanted();
  ASSERT_TRUE(requests.due(task, Call::kTime, now));
  requests.ask(task, Call::kTime, 0, now, &Encoder::time);
  EXPECT_EQ(only()["req_id"], 1);
  EXPECT_EQ(task.req_id, 1);
  EXPECT_EQ(task.phase, Task::Phase::kAsked);
  EXPECT_FALSE(requests.due(task, Call::kTime, now));
  const auto* asked = requests.pending().find(1);
  ASSERT_NE(asked, nullptr);
  EXPECT_EQ(asked->call, Call::kTime);
  EXPECT_EQ(asked->sent, now.instant);
  EXPECT_EQ(stats.requests, 1U);
}

TEST_F(RequestsTest, IdsRiseOverEverythingThatIsSent) {
  EXPECT_EQ(requests.send(Call::kPing, 0, now, &Encoder::ping), 1);
  EXPECT_EQ(requests.send(Call::kSell, 5, now, &Encoder::sell, core::ContractId{5}), 2);
  EXPECT_EQ(requests.pending().find(2)->subject, 5);
  EXPECT_EQ(sent()[1]["sell"], 5);
}

TEST_F(RequestsTest, EveryFrameThatLeavesPutsOffThePing) {
  liveness.opened(now.instant);
  pass(seconds(20));
  requests.send(Call::kTime, 0, now, &Encoder::time);
  EXPECT_EQ(liveness.next_ping(minutes(10), {}), now.instant + Liveness::kPingAfter);
}

TEST_F(RequestsTest, WhatWaitsIsTriedAgainAtItsTimeAndNotBefore) {
  auto task = wanted();
  task.not_before = now.instant + seconds(5);
  requests.begin_round();
  EXPECT_FALSE(requests.due(task, Call::kTime, now));
  EXPECT_EQ(requests.next_at(), now.instant + seconds(5));
  EXPECT_FALSE(requests.is_due(now.instant + seconds(5) - milliseconds(1)));
  EXPECT_TRUE(requests.is_due(now.instant + seconds(5)));
  pass(seconds(5));
  EXPECT_TRUE(requests.due(task, Call::kTime, now));
}

TEST_F(RequestsTest, TheEarliestOfWhatWaitsIsWhenToLookAgain) {
  requests.want_at(now.instant + seconds(9));
  requests.want_at(now.instant + seconds(3));
  requests.want_at(now.instant + seconds(6));
  EXPECT_EQ(requests.next_at(), now.instant + seconds(3));
  requests.want();
  EXPECT_TRUE(requests.is_due(now.instant));
  requests.begin_round();
  EXPECT_FALSE(requests.is_due(now.instant + seconds(9)));
}

TEST_F(RequestsTest, WithoutBudgetTheTaskWaitsForWhenThereIsSome) {
  Task task;
  int asked = 0;
  for (task = wanted(); requests.due(task, Call::kTime, now); task = wanted()) ++asked;
  EXPECT_GT(asked, 0);
  EXPECT_GT(task.not_before, now.instant);
  EXPECT_EQ(requests.next_at(), task.not_before);
  now.instant = task.not_before;
  EXPECT_TRUE(requests.due(task, Call::kTime, now));
}

TEST_F(RequestsTest, TheLastPlacesAreForPurchasesAndSales) {
  const auto places = PendingTable::kMaxPending - Requests::kPlacesForOrders;
  for (std::size_t i = 0; i < places; ++i) requests.send(Call::kPing, 0, now, &Encoder::ping);
  EXPECT_FALSE(requests.has_room());
  auto task = wanted();
  EXPECT_FALSE(requests.due(task, Call::kTime, now));
  EXPECT_EQ(task.not_before, now.instant + Requests::kFirstRetry);
  EXPECT_FALSE(requests.pending().full());
}

TEST_F(RequestsTest, WhatFailsIsWantedAgainAfterWaitsThatDoubleUpToABound) {
  auto task = wanted();
  for (const int wait : {1, 2, 4, 8, 10, 10}) {
    requests.begin_round();
    requests.again(task, seconds(10), now);
    EXPECT_TRUE(task.wanted());
    EXPECT_EQ(task.not_before, now.instant + seconds(wait)) << wait;
    EXPECT_TRUE(requests.is_due(now.instant)) << "so that its time is noted";
  }
  EXPECT_EQ(task.attempts, 6);
  task.want();
  EXPECT_EQ(task.attempts, 0);
}

struct Question {
  int about = 0;
  Task task = {};
};

TEST(AskList, EachQuestionIsTakenOutOnceByItsRequest) {
  AskList<Question, 3> list;
  for (int i = 1; i <= 3; ++i) {
    list.add({i});
    list[static_cast<std::size_t>(i - 1)].task.req_id = 10 * i;
  }
  EXPECT_TRUE(list.full());
  EXPECT_TRUE(list[2].task.wanted());
  EXPECT_EQ(list.take(20)->about, 2);
  EXPECT_FALSE(list.take(20));
  EXPECT_EQ(list.find(30)->about, 3);
  EXPECT_EQ(list.find_task(30), &list[1].task);
  EXPECT_EQ(list.find_task(20), nullptr);
  EXPECT_EQ(list.take_at(0).about, 1);
  EXPECT_EQ(list.size(), 1U);
}

TEST(AskList, ANewLinkAsksAllOfThemAgain) {
  AskList<Question, 2> list;
  list.add({1});
  list.add({2});
  for (auto& question : list) question.task.phase = Task::Phase::kAsked;
  list.restart();
  for (const auto& question : list) EXPECT_TRUE(question.task.wanted()) << question.about;
}

TEST(AskListDeathTest, HoldsNoMoreThanItsBound) {
  testing::GTEST_FLAG(death_test_style) = "threadsafe";
  AskList<Question, 1> list;
  list.add({1});
  EXPECT_DEATH(list.add({2}), "too many questions");
  EXPECT_DEATH(list.take_at(1), "only what is there");
}

}  // namespace
}  // namespace derivd::deriv::test
