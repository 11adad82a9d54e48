#include "core/printable.hpp"

#include <gtest/gtest.h>

#include <string>

namespace derivd::core {
namespace {

TEST(Printable, LeavesWordsOfAnyLanguageAlone) {
  for (const std::string text :
       {"", "plain", "a – ß → 測試 🙂", "עברית", "العربية", "e\u0301", "\u00a0"}) {
    EXPECT_EQ(printable(text), text);
    EXPECT_EQ(printable_json(text), text);
  }
}

TEST(Printable, TakesWhatSteersATerminal) {
  EXPECT_EQ(printable("\x1b[2J\x07\x7f\r\b\t"), "?[2J?????");
  EXPECT_EQ(printable(std::string("a\0b", 3)), "a?b");
  EXPECT_EQ(printable("a\u009b31mb\u0085c\u0080"), "a?31mb?c?");  // C1: CSI, next line
  EXPECT_EQ(printable("a\nb"), "a?b");
  EXPECT_EQ(printable_lines("a\nb\r\n\x1b"), "a\nb?\n?");
}

TEST(Printable, TakesWhatTurnsTextAround) {
  for (const char* mark : {"\u061c", "\u200e", "\u200f", "\u202a", "\u202b", "\u202c", "\u202d",
                           "\u202e", "\u2066", "\u2067", "\u2068", "\u2069", "\u2028", "\u2029"}) {
    EXPECT_EQ(printable(std::string("omed") + mark + "x"), "omed?x");
  }
  // Their neighbours are letters and marks of their own.
  EXPECT_EQ(printable("\u061b\u061d\u200d\u2010\u2027\u202f\u2065\u206a"),
            "\u061b\u061d\u200d\u2010\u2027\u202f\u2065\u206a");
}

TEST(Printable, TakesBytesThatAreNoText) {
  EXPECT_EQ(printable("\x9b"
                      "31m"),
            "?31m");                                 // a C1 control of an 8-bit terminal
  EXPECT_EQ(printable("\xc0\xaf"), "??");            // '/' in a longer form
  EXPECT_EQ(printable("\xe0\x82\x9b"), "???");       // C1 in a longer form
  EXPECT_EQ(printable("\xed\xa0\x80"), "???");       // a surrogate
  EXPECT_EQ(printable("\xf4\x90\x80\x80"), "????");  // above U+10FFFF
  EXPECT_EQ(printable("\xf0\x9f\x99"), "???");       // cut off
  EXPECT_EQ(printable("\xff\xfe"), "??");
}

TEST(Printable, KeepsJsonWhatItIs) {
  EXPECT_EQ(printable_json("{\n  \"a\": \"x\u009b\u202e\x7f\"\n}"),
            "{\n  \"a\": \"x\\u009b\\u202e\\u007f\"\n}");
  EXPECT_EQ(printable_json("\"\xff\""), "\"\\ufffd\"");
}

TEST(Printable, ASentenceGoesOnWithoutItsStop) {
  EXPECT_EQ(without_stop("Your token is invalid."), "Your token is invalid");
  EXPECT_EQ(without_stop("Your token is invalid. "), "Your token is invalid");
  EXPECT_EQ(without_stop("v1.2 is invalid"), "v1.2 is invalid");
  EXPECT_EQ(without_stop("."), "");
}

TEST(Printable, CutsBetweenCharacters) {
  EXPECT_EQ(cut_utf8("aß", 2), "a");
  EXPECT_EQ(cut_utf8("aß", 3), "aß");
  EXPECT_EQ(cut_utf8("abc", 2), "ab");
  EXPECT_EQ(cut_utf8("\xc3", 0), "");
}

}  // namespace
}  // namespace derivd::core
