#include "store/read_ahead.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <random>

namespace derivd::store {
namespace {

using market::TickRow;

std::vector<TickRow> made_up(std::size_t n) {
  std::vector<TickRow> rows(n);
  for (std::size_t i = 0; i < n; ++i) {
    rows[i] = {{1'700'000'000 + static_cast<std::int64_t>(i)},
               static_cast<std::int64_t>(7 * i + 1)};
  }
  return rows;
}

/// Gives as much as it likes of what is asked for, and ends with an error where it has one.
class Moody final : public market::TickSource {
 public:
  Moody(std::vector<TickRow> rows, std::optional<core::Error> error, unsigned seed,
        std::atomic<int>* reads = nullptr)
      : rows_(std::move(rows)), error_(std::move(error)), random_(seed), reads_(reads) {}
  core::Result<std::size_t> read(std::span<TickRow> out) override {
    if (reads_ != nullptr) ++*reads_;
    if (at_ == rows_.size() && error_) return *error_;
    const auto most = std::min(out.size(), rows_.size() - at_);
    const auto n = most == 0 ? 0 : 1 + random_() % most;
    std::copy_n(rows_.begin() + static_cast<std::ptrdiff_t>(at_), n, out.begin());
    at_ += n;
    return n;
  }

 private:
  std::vector<TickRow> rows_;
  std::optional<core::Error> error_;
  std::mt19937 random_;
  std::atomic<int>* reads_;
  std::size_t at_ = 0;
};

/// Everything up to the end or the error, in pieces of `piece`.
std::vector<TickRow> read_all(market::TickSource& source, std::size_t piece,
                              std::optional<core::Error>& error) {
  std::vector<TickRow> all;
  std::vector<TickRow> some(piece);
  while (true) {
    const auto n = source.read(some);
    if (!n) {
      error = n.error();
      return all;
    }
    if (*n == 0) return all;
    all.insert(all.end(), some.begin(), some.begin() + static_cast<std::ptrdiff_t>(*n));
  }
}

TEST(ReadAheadTest, GivesEveryRowInOrderWhateverThePieces) {
  constexpr auto kBlock = ReadAhead::kRows;
  constexpr auto kHeld = ReadAhead::kBlocks * kBlock;
  for (const auto size : {std::size_t{0}, std::size_t{1}, kBlock - 1, kBlock, kBlock + 1, kHeld,
                          kHeld + 1, 3 * kHeld + 17}) {
    for (const auto piece : {std::size_t{2048}, kBlock, std::size_t{1000}, kHeld}) {
      const auto rows = made_up(size);
      ReadAhead source(std::make_unique<Moody>(rows, std::nullopt, 7));
      std::optional<core::Error> error;
      EXPECT_EQ(read_all(source, piece, error), rows) << size << " in pieces of " << piece;
      EXPECT_FALSE(error);
      // The end stays the end.
      std::vector<TickRow> more(8);
      const auto again = source.read(more);
      ASSERT_TRUE(again);
      EXPECT_EQ(*again, 0U);
    }
  }
}

TEST(ReadAheadTest, AnErrorComesAfterTheRowsBeforeItAndStays) {
  constexpr auto kBlock = ReadAhead::kRows;
  for (const auto size : {std::size_t{0}, std::size_t{5}, kBlock, 9 * kBlock + 3}) {
    const auto rows = made_up(size);
    ReadAhead source(std::make_unique<Moody>(rows, core::invalid("ticks.csv:7: no quote"), 3));
    std::optional<core::Error> error;
    EXPECT_EQ(read_all(source, 2048, error), rows) << size;
    ASSERT_TRUE(error) << size;
    EXPECT_EQ(error->text, "ticks.csv:7: no quote");
    std::vector<TickRow> more(8);
    const auto again = source.read(more);
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().text, "ticks.csv:7: no quote");
  }
}

TEST(ReadAheadTest, WhoStopsReadingDoesNotReadItToTheEnd) {
  std::atomic<int> reads = 0;
  constexpr auto kRows = 100 * ReadAhead::kBlocks * ReadAhead::kRows;
  {
    ReadAhead source(std::make_unique<Moody>(made_up(kRows), std::nullopt, 11, &reads));
    std::vector<TickRow> some(2048);
    ASSERT_TRUE(source.read(some));
  }
  // Never more than the blocks that are held, of which each takes some dozen reads at the most.
  EXPECT_LT(reads, static_cast<int>(ReadAhead::kBlocks * 64));
}

}  // namespace
}  // namespace derivd::store
