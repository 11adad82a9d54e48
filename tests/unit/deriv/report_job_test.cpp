// The gathering of one report: its order, its pages, and what is asked for meanwhile.
#include <gtest/gtest.h>

#include "deriv/report_job.hpp"
#include "parts_rig.hpp"

namespace derivd::deriv::test {
namespace {

struct ReportJobTest : testing::Test, PartRig {
  ReportJobTest() { clock.tell({1'700'000'000}, now.instant); }
  /// What the job asks for next: "time", "portfolio", "profit_table", or "" for nothing.
  std::string next() {
    job.pump(requests, clock, now);
    const auto frame = only();
    for (const auto* key : {"time", "portfolio", "profit_table"}) {
      if (!frame.contains(key)) continue;
      last = frame;
      return key;
    }
    return {};
  }
  void done() { answer(*job.find(last["req_id"].get<std::int64_t>())); }
  static execution::HistoryRow row(std::int64_t contract) {
    execution::HistoryRow out;
    out.contract = {contract};
    return out;
  }
  static std::vector<execution::HistoryRow> rows(std::int64_t first, std::size_t count) {
    std::vector<execution::HistoryRow> out;
    for (std::size_t i = 0; i < count; ++i) out.push_back(row(first + std::int64_t(i)));
    return out;
  }
  void to_pages(std::vector<execution::HistoryRow> open = {}) {
    job.ask({1'699'000'000}, true);
    ASSERT_EQ(next(), "portfolio");
    done();
    job.take_portfolio(std::move(open));
    ASSERT_EQ(next(), "profit_table");
  }

  VenueClock clock;
  ReportJob job;
  json last;
};

TEST_F(ReportJobTest, AsksForTimePortfolioAndPagesOneAfterTheOther) {
  EXPECT_EQ(next(), "") << "nobody wants a report";
  job.ask({1'699'000'000}, false);
  EXPECT_EQ(next(), "time");
  EXPECT_EQ(next(), "") << "the answer comes first";
  done();
  clock.tell({1'700'000'005}, now.instant);
  EXPECT_EQ(next(), "portfolio");
  done();
  clock.tell({1'700'000'099}, now.instant);
  job.take_portfolio(rows(1, 2));
  EXPECT_EQ(next(), "profit_table");
  EXPECT_EQ(last["date_from"], "1699000000");
  done();
  EXPECT_EQ(job.take_page(rows(10, 3), 3), ReportJob::Page::kLast);
  const auto report = job.finish().report;
  EXPECT_EQ(report.as_of.s, 1'700'000'005) << "the clock before the portfolio was asked for";
  EXPECT_EQ(report.since.s, 1'699'000'000);
  EXPECT_EQ(report.portfolio.size(), 2U);
  EXPECT_EQ(report.profit_table.size(), 3U);
  EXPECT_FALSE(job.running());
}

TEST_F(ReportJobTest, AFreshClockIsNotAskedForAgain) {
  job.ask({1'699'000'000}, true);
  EXPECT_EQ(next(), "portfolio");
}

TEST_F(ReportJobTest, AFullPageIsFollowedByTheNextFromWhereItEnded) {
  to_pages();
  done();
  // A row without a contract is received, and no row.
  EXPECT_EQ(job.take_page(rows(1, 49), 50), ReportJob::Page::kAnotherFollows);
  EXPECT_EQ(next(), "profit_table");
  EXPECT_EQ(last["offset"], 50);
  done();
  EXPECT_EQ(job.take_page(rows(100, 49), 49), ReportJob::Page::kLast);
  EXPECT_EQ(job.finish().report.profit_table.size(), 98U);
}

TEST_F(ReportJobTest, PagesWithoutEndAreGivenUp) {
  to_pages();
  for (std::size_t page = 1; page < ReportJob::kMaxPages; ++page) {
    done();
    ASSERT_EQ(job.take_page({}, 50), ReportJob::Page::kAnotherFollows) << page;
    ASSERT_EQ(next(), "profit_table");
    pass(seconds(10));
  }
  done();
  EXPECT_EQ(job.take_page({}, 50), ReportJob::Page::kTooMany);
}

TEST_F(ReportJobTest, AContractIsInItOnceAndRatherSoldThanOpen) {
  to_pages(rows(1, 3));
  done();
  auto sold = rows(3, 2);  // 3 was sold between portfolio and profit table
  sold.push_back(row(4));  // and pages overlap
  EXPECT_EQ(job.take_page(sold, sold.size()), ReportJob::Page::kLast);
  const auto report = job.finish().report;
  ASSERT_EQ(report.portfolio.size(), 2U);
  EXPECT_EQ(report.portfolio[1].contract.value, 2);
  ASSERT_EQ(report.profit_table.size(), 2U);
  EXPECT_EQ(report.profit_table[1].contract.value, 4);
}

TEST_F(ReportJobTest, WhatIsAskedForMeanwhileFollowsFromTheEarliest) {
  to_pages();
  job.ask({1'699'500'000}, true);
  job.ask({1'699'400'000}, true);
  job.ask({1'699'600'000}, true);
  done();
  EXPECT_EQ(job.take_page({}, 0), ReportJob::Page::kLast);
  const auto finished = job.finish();
  EXPECT_EQ(finished.report.since.s, 1'699'000'000);
  EXPECT_EQ(finished.next_since, core::VenueTime{1'699'400'000});
  EXPECT_FALSE(job.running());
}

TEST_F(ReportJobTest, ALostLinkLeavesNothingOfIt) {
  to_pages(rows(1, 3));
  job.drop();
  EXPECT_FALSE(job.running());
  EXPECT_EQ(next(), "");
  to_pages();
  done();
  EXPECT_EQ(job.take_page({}, 0), ReportJob::Page::kLast);
  EXPECT_TRUE(job.finish().report.portfolio.empty());
}

using ReportJobDeathTest = ReportJobTest;

TEST_F(ReportJobDeathTest, IsToldWholeOrNotAtAll) {
  testing::GTEST_FLAG(death_test_style) = "threadsafe";
  EXPECT_DEATH(job.take_portfolio({}), "comes after the time");
  to_pages();
  EXPECT_DEATH(job.finish(), "when it is whole");
}

}  // namespace
}  // namespace derivd::deriv::test
