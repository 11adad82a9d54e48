#include <gtest/gtest.h>

#include <set>
#include <sstream>

#include "service/log.hpp"
#include "unit/service/temp_dir.hpp"

namespace derivd::service {
namespace {

std::vector<const MessageInfo*> all() {
  std::vector<const MessageInfo*> out;
  for (std::size_t i = 0; i < core::kEventKindCount; ++i) {
    out.push_back(&message_info(static_cast<core::EventKind>(i)));
  }
  return out;
}

TEST(Messages, EachKindHasAnIdOfItsOwn) {
  std::set<std::string_view> ids;
  for (const auto* m : all()) {
    EXPECT_EQ(m->id.size(), 32u);
    EXPECT_EQ(m->id.find_first_not_of("0123456789abcdef"), std::string_view::npos) << m->id;
    EXPECT_TRUE(ids.insert(m->id).second) << m->id;
  }
  EXPECT_EQ(ids.size(), core::kEventKindCount);
}

// Users filter by these: a change breaks them.
TEST(Messages, IdsNeverChange) {
  EXPECT_EQ(message_info(core::EventKind::kStarting).id, "fc7962244895403b9b5b08ba04ba24e5");
  EXPECT_EQ(message_info(core::EventKind::kContractBought).id, "602e090a1f0c4453823c33f7451a320e");
  EXPECT_EQ(message_info(core::EventKind::kContractSettled).id, "4767106a81d04528bd3b2010cc624fac");
  EXPECT_EQ(message_info(core::EventKind::kStrategyHalted).id, "ab8b07652a97411aa5db46410efce182");
  EXPECT_EQ(message_info(core::EventKind::kOperatorHalt).id, "2ce736a3723b4744ada6c62a8f86607f");
  EXPECT_EQ(message_info(core::EventKind::kReconciled).id, "34879527aa574bb1978ef63f219d2018");
}

TEST(Messages, TextsSayWhatHappenedAndWhatToDo) {
  for (const auto* m : all()) {
    const auto name = core::name_of(m->kind);
    EXPECT_FALSE(m->subject.empty()) << name;
    EXPECT_EQ(m->subject.find('\n'), std::string_view::npos) << name;
    EXPECT_GE(m->body.size(), 80u) << name;
    EXPECT_NE(m->body.find("\n\n"), std::string_view::npos) << name << ": one paragraph only";
    for (const auto part : {m->subject, m->body}) {
      // "-- " at a line's begin opens the next entry of a catalog.
      EXPECT_EQ(part.find("\n--"), std::string_view::npos) << name;
      EXPECT_NE(part.substr(0, 2), "--") << name;
    }
  }
}

// journalctl puts the field of the entry in the place of @FIELD@.
TEST(Messages, PlaceholdersAreFieldsThatExist) {
  const std::set<std::string> known{"DERIVD_STRATEGY",    "DERIVD_SYMBOL",   "DERIVD_CONTRACT_TYPE",
                                    "DERIVD_CONTRACT_ID", "DERIVD_ORDER_ID", "DERIVD_STAKE",
                                    "DERIVD_PAYOUT",      "DERIVD_PROFIT",   "DERIVD_REASON",
                                    "DERIVD_ACCOUNT",     "DERIVD_STATE"};
  for (const auto* m : all()) {
    for (const auto part : {m->subject, m->body}) {
      for (auto at = part.find('@'); at != std::string_view::npos; at = part.find('@', at + 1)) {
        const auto end = part.find('@', at + 1);
        ASSERT_NE(end, std::string_view::npos) << core::name_of(m->kind);
        EXPECT_TRUE(known.count(std::string(part.substr(at + 1, end - at - 1))))
            << part.substr(at, end - at + 1);
        at = end;
      }
    }
  }
}

// journalctl -x puts a mark of three columns before each line.
TEST(Messages, LinesFitATerminal) {
  std::istringstream lines(catalog_text());
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size() + 3, 80u) << line;
}

// An account that somebody else holds needs another remedy than a token that Deriv refuses.
TEST(Messages, AHeldAccountHasAnEntryOfItsOwn) {
  const auto& held = message_info(core::EventKind::kAccountHeld);
  EXPECT_EQ(core::name_of(held.kind), "account_held");
  EXPECT_NE(held.body.find("exit code 75"), std::string_view::npos);
  EXPECT_EQ(held.body.find("77"), std::string_view::npos);
  EXPECT_EQ(held.body.find("revoked"), std::string_view::npos);
}

TEST(Messages, ThePackagedCatalogIsThisText) {
  EXPECT_EQ(test::read_file(DERIVD_SOURCE "/packaging/derivd.catalog"), catalog_text());
}

TEST(Messages, JournalctlTakesTheCatalog) {
  if (::system("command -v journalctl > /dev/null 2>&1") != 0) GTEST_SKIP() << "no journalctl here";
  test::TempDir dir;
  std::filesystem::create_directories(dir.file("usr/lib/systemd/catalog"));
  std::filesystem::create_directories(dir.file("var/lib/systemd/catalog"));
  test::write_file(dir.file("usr/lib/systemd/catalog/derivd.catalog"), catalog_text());
  const auto log = dir.file("log");
  const auto update = "journalctl --update-catalog --root=" + dir.path() + " > " + log + " 2>&1";
  ASSERT_EQ(::system(update.c_str()), 0) << test::read_file(log);
  const auto database = dir.file("var/lib/systemd/catalog/database");
  ASSERT_TRUE(std::filesystem::exists(database)) << test::read_file(log);
  const auto text = test::read_file(database);
  for (const auto* m : all()) {
    EXPECT_NE(text.find(std::string(m->subject)), std::string::npos) << m->subject;
  }
}

TEST(Messages, LevelsRiseWithTheTrouble) {
  using core::EventKind;
  EXPECT_EQ(message_info(EventKind::kSignalDropped).level, Level::kDebug);
  EXPECT_EQ(message_info(EventKind::kOrderSent).level, Level::kInfo);
  EXPECT_EQ(message_info(EventKind::kContractSettled).level, Level::kNotice);
  EXPECT_EQ(message_info(EventKind::kSessionLost).level, Level::kWarning);
  EXPECT_EQ(message_info(EventKind::kStrategyHalted).level, Level::kError);
  EXPECT_EQ(message_info(EventKind::kOperatorHalt).level, Level::kNotice) << "no fault";
}

}  // namespace
}  // namespace derivd::service
