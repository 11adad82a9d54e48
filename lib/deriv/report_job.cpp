#include "deriv/report_job.hpp"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "core/check.hpp"

namespace derivd::deriv {

void ReportJob::ask(core::VenueTime since, bool fresh_clock) {
  if (running_) {
    next_since_ = next_since_ ? std::min(*next_since_, since) : since;
    return;
  }
  *this = ReportJob();
  running_ = true;
  report_.since = since;
  fresh_clock ? clock_.finish() : clock_.want();
}

void ReportJob::pump(Requests& requests, const VenueClock& clock, const core::Now& now) {
  if (!running_) return;
  if (requests.due(clock_, Call::kTime, now)) {
    requests.ask(clock_, Call::kTime, 0, now, &Encoder::time);
  }
  if (clock_.done() && portfolio_.phase == Task::Phase::kIdle) portfolio_.want();
  if (requests.due(portfolio_, Call::kPortfolio, now)) {
    // What the venue answers is at least as new as the clock is now.
    report_.as_of = clock.told().value_or(core::VenueTime{});
    requests.ask(portfolio_, Call::kPortfolio, 0, now, &Encoder::portfolio);
  }
  if (portfolio_.done() && page_.phase == Task::Phase::kIdle) page_.want();
  if (requests.due(page_, Call::kProfitTable, now)) {
    requests.ask(page_, Call::kProfitTable, 0, now, &Encoder::profit_table, report_.since, offset_);
  }
}

Task* ReportJob::find(std::int64_t req_id) {
  for (auto* task : {&clock_, &portfolio_, &page_}) {
    if (task->req_id == req_id) return task;
  }
  return nullptr;
}

void ReportJob::take_portfolio(std::vector<execution::HistoryRow> rows) {
  DERIVD_CHECK(running_ && clock_.done(), "a portfolio comes after the time it is dated by");
  report_.portfolio = std::move(rows);
}

ReportJob::Page ReportJob::take_page(const std::vector<execution::HistoryRow>& rows,
                                     std::size_t received) {
  DERIVD_CHECK(running_ && portfolio_.done(), "what is sold is asked for after what is open");
  auto& all = report_.profit_table;
  all.insert(all.end(), rows.begin(), rows.end());
  offset_ += received;
  if (received < kShortPage) return Page::kLast;
  if (++pages_ >= kMaxPages) return Page::kTooMany;
  page_.want();
  return Page::kAnotherFollows;
}

ReportJob::Finished ReportJob::finish() {
  DERIVD_CHECK(running_ && page_.done(), "a report is told when it is whole");
  Finished out{std::move(report_), next_since_};
  drop();
  std::unordered_set<core::ContractId> sold;
  std::erase_if(out.report.profit_table, [&](const execution::HistoryRow& row) {
    return !sold.insert(row.contract).second;
  });
  std::erase_if(out.report.portfolio,
                [&](const execution::HistoryRow& row) { return sold.contains(row.contract); });
  return out;
}

}  // namespace derivd::deriv
