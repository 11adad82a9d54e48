// Owns the tests of what a misspelt word may have meant.
#include "core/nearest.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace derivd::core {
namespace {

using Words = std::vector<std::string_view>;

std::string meant(std::string_view word, const Words& candidates) {
  return std::string(nearest(word, candidates).value_or("(none)"));
}

TEST(Distance, CountsWhatMustBeChanged) {
  EXPECT_EQ(distance("", ""), 0);
  EXPECT_EQ(distance("stake", "stake"), 0);
  EXPECT_EQ(distance("", "abc"), 3);
  EXPECT_EQ(distance("abc", ""), 3);
  EXPECT_EQ(distance("abc", "abd"), 1) << "another letter";
  EXPECT_EQ(distance("abc", "abcd"), 1) << "one is missing";
  EXPECT_EQ(distance("xabc", "abc"), 1) << "one too many";
  EXPECT_EQ(distance("kitten", "sitting"), 3);
  EXPECT_EQ(distance("sitting", "kitten"), 3);
  EXPECT_EQ(distance("flaw", "lawn"), 2);
}

TEST(Distance, TwoLettersInEachOthersPlaceAreOneChange) {
  EXPECT_EQ(distance("ab", "ba"), 1);
  EXPECT_EQ(distance("stkae", "stake"), 1);
  EXPECT_EQ(distance("satke", "stake"), 1);
  EXPECT_EQ(distance("stkea", "stake"), 2) << "of which one is moved by two";
  EXPECT_EQ(distance("ab", "bb"), 1) << "one letter in the other's place alone is another letter";
  EXPECT_EQ(distance("abcd", "badc"), 2);
}

TEST(Distance, DoesNotCountTheCaseOfLatinLetters) {
  EXPECT_EQ(distance("r_100", "R_100"), 0);
  EXPECT_EQ(distance("AMZamz", "amzAMZ"), 0);
  EXPECT_EQ(distance("Ab", "bA"), 1);
  EXPECT_EQ(distance("[", "{"), 1) << "the neighbours of the letters are none";
  EXPECT_EQ(distance("@", "`"), 1);
}

TEST(Nearest, MayHaveAThirdOfItsLettersWrong) {
  EXPECT_EQ(meant("abcxyf", {"abcdef"}), "abcdef");
  EXPECT_EQ(meant("abxyzf", {"abcdef"}), "(none)");
  EXPECT_EQ(meant("xyzdefghi", {"abcdefghi"}), "abcdefghi");
  // Of the letters of the longer one of the two.
  EXPECT_EQ(meant("abxde", {"abcdef"}), "abcdef");
  EXPECT_EQ(meant("abxdef", {"abcde"}), "abcde");
  EXPECT_EQ(meant("abxye", {"abcde"}), "(none)");
}

TEST(Nearest, MayHaveOneWrongHoweverShort) {
  EXPECT_EQ(meant("a", {"b"}), "b");
  EXPECT_EQ(meant("ab", {"ax"}), "ax");
  EXPECT_EQ(meant("ab", {"xy"}), "(none)");
}

TEST(Nearest, IsTheOneWithTheFewestChangesAndTheFirstOfEquals) {
  EXPECT_EQ(meant("stakd", {"stxkx", "stake", "snake"}), "stake");
  EXPECT_EQ(meant("cab", {"cat", "cap"}), "cat");
}

TEST(Nearest, IsWhatWasBegunIfThatIsOneOnly) {
  EXPECT_EQ(meant("warn", {"info", "warning"}), "warning");
  EXPECT_EQ(meant("WAR", {"info", "warning"}), "warning") << "three letters are a beginning";
  EXPECT_EQ(meant("wa", {"info", "warning"}), "(none)") << "two are not";
  EXPECT_EQ(meant("war", {"warning", "warranty"}), "(none)") << "which of them?";
  EXPECT_EQ(meant("wax", {"warning"}), "(none)");
}

TEST(Nearest, IsNothingForNothingAndForWhatIsNoWord) {
  EXPECT_EQ(meant("", {"a"}), "(none)");
  EXPECT_EQ(meant("abc", {}), "(none)");
  const std::string longest(64, 'a');
  EXPECT_EQ(meant(longest, {longest}), longest);
  const std::string longer(65, 'a');
  EXPECT_EQ(meant(longer, {longer}), "(none)");
}

}  // namespace
}  // namespace derivd::core
