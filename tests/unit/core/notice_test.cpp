#include "core/notice.hpp"

#include <gtest/gtest.h>

#include <set>

namespace derivd::core {
namespace {

Notice halted() {
  Notice n;
  n.kind = NoticeKind::kHalt;
  n.text = "parity halted: stop_loss";
  n.strategy = "parity";
  n.account = "…4580";
  n.profit = "-5.00";
  return n;
}

TEST(Notice, KindsHaveNamesOfTheirOwn) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < kNoticeKinds; ++i) {
    EXPECT_TRUE(names.insert(name_of(static_cast<NoticeKind>(i))).second);
  }
  EXPECT_FALSE(names.contains("?"));
}

TEST(Notice, FieldsAreFilledIn) {
  EXPECT_EQ(render("{kind} {account}: {text} ({strategy}, {profit}){reason}", halted()),
            "halt …4580: parity halted: stop_loss (parity, -5.00)");
  EXPECT_EQ(render("", halted()), "");
  EXPECT_EQ(render("no field", halted()), "no field");
}

TEST(Notice, EveryFieldIsKnownToBoth) {
  for (const auto name : kNoticeFields) {
    const auto text = "{" + std::string(name) + "}";
    EXPECT_TRUE(check_template(text)) << name;
    EXPECT_NE(render(text, halted()), text) << name;
  }
}

TEST(Notice, WhatIsInTheFieldsIsNoTemplate) {
  auto n = halted();
  n.text = "a {strategy} b";
  EXPECT_EQ(render("<{text}>", n), "<a {strategy} b>");
}

TEST(Notice, DoubledBracesAreBraces) {
  EXPECT_TRUE(check_template("{{x}} {text}"));
  EXPECT_EQ(render("{{x}} {strategy} }}", halted()), "{x} parity }");
}

TEST(Notice, MistakesAreNamed) {
  const auto unknown = check_template("{text} {balance}");
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().text, "{balance} is no field of a notification");
  for (const auto* text : {"{text", "text}", "{te{xt}", "{", "}", "{text} {"}) {
    EXPECT_FALSE(check_template(text)) << text;
  }
  EXPECT_EQ(render("{balance} {strategy", halted()), "{balance} {strategy") << "shown as it stands";
}

}  // namespace
}  // namespace derivd::core
