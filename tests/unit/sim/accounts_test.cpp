// Accounts without a venue: whose token is whose, and that money, statement, book and ledger move
// together or not at all.
#include "sim/accounts.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace derivd::sim::test {
namespace {

using nlohmann::json;

constexpr core::TransactionId kFirst{5'001};
constexpr core::VenueTime kStart{1'780'000'000};

std::vector<TokenSpec> tokens(const std::vector<std::string>& texts) {
  std::vector<TokenSpec> out;
  for (const auto& t : texts) out.push_back(TokenSpec::parse(t).value());
  return out;
}

class Opened : public ::testing::Test {
 protected:
  core::Money balance(std::size_t i) const { return accounts_.at(i).balance(); }
  static venue::Contract contract(std::int64_t id, std::int64_t cents) {
    venue::Contract c;
    c.id = {id};
    c.stake = core::Money::minor(cents);
    c.buy_tx = {id * 10};
    c.sell_tx = {id * 10 + 1};
    return c;
  }
  static venue::Contract settled(venue::Contract c, std::int64_t cents) {
    c.phase = venue::Phase::kSettled;
    c.sell_price = core::Money::minor(cents);
    return c;
  }

  std::vector<json> lines_;
  Ledger ledger_{[this](std::string_view line) { lines_.push_back(json::parse(line)); }};
  venue::Book book_{venue::Book::Options{}};
  Accounts accounts_{
      tokens({"pat_one", "pat_two:account_manage:same", "v3one:same", "v3two:read:real"}),
      {core::Money::minor(100'00), kStart, kFirst},
      book_,
      ledger_};
};

TEST_F(Opened, ATokenOpensAnAccountOrIsAnotherOneOfTheAccountBeforeIt) {
  ASSERT_EQ(accounts_.all().size(), 3U);  // "same" of another dialect is no other token of it
  EXPECT_EQ(accounts_.at(0).name(), "DOT90000010");
  EXPECT_EQ(accounts_.at(1).name(), "VRTC9000002");
  EXPECT_EQ(accounts_.at(2).name(), "CR9000003");
  EXPECT_EQ(accounts_.grant_by_token("pat_two")->account, accounts_.all()[0].get());
  EXPECT_EQ(accounts_.grant_by_token("v3two")->account, accounts_.find("CR9000003"));
  EXPECT_EQ(accounts_.grant_by_token("pat_three"), nullptr);
  EXPECT_EQ(accounts_.find("CR9000009"), nullptr);
  EXPECT_EQ(book_.account(1).name, "VRTC9000002");
  ASSERT_EQ(accounts_.at(2).rows().size(), 1U);
  EXPECT_EQ(accounts_.at(2).rows()[0].id.value, kFirst.value - 3);
  ASSERT_EQ(lines_.size(), 3U);
  EXPECT_EQ(lines_[0]["event"], "account");
}

TEST_F(Opened, AnAccountIsReachedWhileOneOfItsTokensIsValid) {
  accounts_.grant_by_token("pat_one")->valid = false;
  EXPECT_TRUE(accounts_.token_valid(accounts_.at(0)));
  accounts_.grant_by_token("pat_two")->valid = false;
  EXPECT_FALSE(accounts_.token_valid(accounts_.at(0)));
  EXPECT_TRUE(accounts_.token_valid(accounts_.at(1)));
  accounts_.restore_tokens();
  EXPECT_TRUE(accounts_.token_valid(accounts_.at(0)));
}

TEST_F(Opened, MoneyMovesInTheBalanceTheStatementAndTheLedgerAtOnce) {
  Account& a = accounts_.at(0);
  accounts_.deposit(a, core::Money::minor(5'00), book_, kStart);
  EXPECT_EQ(book_.account(0).balance, core::Money::minor(105'00));
  accounts_.bought(a, contract(7, 30'00), kStart);
  EXPECT_EQ(a.open(), std::vector{core::ContractId{7}});
  EXPECT_EQ(balance(0), core::Money::minor(75'00));
  accounts_.paid(a, settled(contract(7, 30'00), 58'50), true, kStart);
  EXPECT_TRUE(a.open().empty());
  EXPECT_EQ(balance(0), core::Money::minor(133'50));
  EXPECT_EQ(balance(1), core::Money::minor(100'00));
  core::Money sum = core::Money::minor(0);
  for (const auto& row : a.rows()) sum += row.amount;
  EXPECT_EQ(sum, balance(0));
  EXPECT_EQ(a.rows().back().reference.value, 70);
  std::vector<std::string> events;
  for (const auto& line : lines_) events.push_back(line["event"]);
  EXPECT_EQ(events,
            (std::vector<std::string>{"account", "account", "account", "deposit", "buy", "sell"}));
  EXPECT_EQ(lines_.back()["balance"], "133.50");
}

TEST_F(Opened, ADepositMayTakeMoneyAway) {
  accounts_.deposit(accounts_.at(1), core::Money::minor(-40'00), book_, kStart);
  EXPECT_EQ(balance(1), core::Money::minor(60'00));
  EXPECT_EQ(book_.account(1).balance, core::Money::minor(60'00));
}

TEST_F(Opened, WhatWouldFalsifyAnAccountEndsTheProcess) {
  Account& a = accounts_.at(0);
  EXPECT_DEATH(accounts_.bought(a, contract(1, 100'01), kStart), "pays with what it has");
  auto other = contract(1, 1'00);
  other.account = 1;
  EXPECT_DEATH(accounts_.bought(a, other, kStart), "buys its own");
  accounts_.bought(a, contract(1, 1'00), kStart);
  EXPECT_DEATH(accounts_.bought(a, contract(1, 1'00), kStart), "bought once");
  EXPECT_DEATH(accounts_.paid(a, contract(1, 1'00), false, kStart), "pays before it is shown");
  accounts_.paid(a, settled(contract(1, 1'00), 0), false, kStart);
  EXPECT_DEATH(accounts_.paid(a, settled(contract(1, 1'00), 0), false, kStart), "and once");
  EXPECT_DEATH((void)accounts_.at(3), "no such account");
}

TEST_F(Opened, AnAccountHoldsSoManyContractsAtMost) {
  for (std::size_t i = 1; i <= kMaxOpenContracts; ++i)
    accounts_.bought(accounts_.at(0), contract(static_cast<std::int64_t>(i), 1), kStart);
  EXPECT_DEATH(accounts_.bought(accounts_.at(0), contract(999, 1), kStart), "so many contracts");
}

TEST_F(Opened, TheOldestRowsOfAStatementMakeRoom) {
  Account& a = accounts_.at(0);
  for (std::size_t i = 0; i < kMaxRows; ++i)
    accounts_.deposit(a, core::Money::minor(1), book_, kStart);
  EXPECT_EQ(a.rows().size(), kMaxRows);
  EXPECT_EQ(a.rows().front().amount, core::Money::minor(1));
  EXPECT_EQ(a.rows().back().balance, a.balance());
}

}  // namespace
}  // namespace derivd::sim::test
