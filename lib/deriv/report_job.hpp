// Owns ReportJob, the gathering of one report of the venue's books: time, portfolio and the pages
// of the profit table, one after the other, so that a contract that is sold in between shows in
// both and never in neither. The session hands it the answers and tells the report; it sends
// through Requests and reads no frame.
#pragma once

#include <optional>
#include <vector>

#include "deriv/requests.hpp"
#include "deriv/venue_clock.hpp"
#include "execution/report.hpp"

namespace derivd::deriv {

class ReportJob final {
 public:
  static constexpr std::size_t kMaxPages = 100;  // of kProfitTablePage rows
  /// Deriv's default page has 50 rows; a page with fewer cannot be one that was cut short.
  static constexpr std::size_t kShortPage = 50;

  bool running() const { return running_; }
  /// One that runs is followed by another, from the earliest that was asked for meanwhile.
  /// `fresh_clock`: the venue said its time just now and need not be asked.
  void ask(core::VenueTime since, bool fresh_clock);
  /// Asks for what comes next.
  void pump(Requests& requests, const VenueClock& clock, const core::Now& now);
  /// Its task with this request, or nullptr.
  Task* find(std::int64_t req_id);

  void take_portfolio(std::vector<execution::HistoryRow> rows);
  enum class Page : std::uint8_t { kAnotherFollows, kLast, kTooMany };
  /// `received`: rows on the wire, also those that are not among `rows`.
  Page take_page(const std::vector<execution::HistoryRow>& rows, std::size_t received);
  struct Finished {
    execution::VenueReport report;
    std::optional<core::VenueTime> next_since;  // asked for meanwhile
  };
  /// After the last page (CHECK); nothing runs any more. Each contract is in it once: pages may
  /// overlap, and one may have been sold between portfolio and profit table.
  Finished finish();
  /// The link is gone.
  void drop() { *this = ReportJob(); }

 private:
  bool running_ = false;
  std::optional<core::VenueTime> next_since_;
  Task clock_;
  Task portfolio_;
  Task page_;
  std::size_t offset_ = 0;
  std::size_t pages_ = 0;
  execution::VenueReport report_;
};

}  // namespace derivd::deriv
