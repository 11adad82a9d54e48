#include "dbot/xml.hpp"

#include <expat.h>
#include <fmt/format.h>

#include <memory>
#include <optional>

#include "core/printable.hpp"

namespace derivd::dbot {
namespace {

struct ParserFree {
  void operator()(XML_Parser parser) const { XML_ParserFree(parser); }
};
using Parser = std::unique_ptr<XML_ParserStruct, ParserFree>;

/// Expat 2.9 counts lines in 64 bits and calls the older function deprecated, which is the only one
/// of Debian 12.
template <class Of>
int line_of(Of* parser) {
  if constexpr (requires { XML_GetCurrentLineNumber64(parser); }) {
    return static_cast<int>(XML_GetCurrentLineNumber64(parser));
  } else {
    return static_cast<int>(XML_GetCurrentLineNumber(parser));
  }
}

struct Reading {
  XML_Parser parser = nullptr;
  XmlTree tree;
  std::vector<int> open;
  std::size_t attributes = 0;
  std::optional<Problem> problem;

  int line() const { return line_of(parser); }
  void refuse(std::string text) {
    if (problem) return;
    problem = Problem{line(), {}, std::move(text)};
    XML_StopParser(parser, XML_FALSE);
  }
};

std::string local_name(std::string_view name) {
  const auto colon = name.rfind(':');
  return std::string(colon == std::string_view::npos ? name : name.substr(colon + 1));
}

void on_start(void* user, const XML_Char* name, const XML_Char** attributes) {
  auto& reading = *static_cast<Reading*>(user);
  if (reading.problem) return;
  if (reading.open.size() >= static_cast<std::size_t>(kMaxXmlDepth)) {
    return reading.refuse(fmt::format("elements stand more than {} deep", kMaxXmlDepth));
  }
  if (reading.tree.size() >= kMaxXmlElements) {
    return reading.refuse(fmt::format("more than {} elements", kMaxXmlElements));
  }
  XmlElement element;
  element.name = local_name(name);
  element.line = reading.line();
  element.parent = reading.open.empty() ? -1 : reading.open.back();
  for (; attributes[0] != nullptr; attributes += 2) {
    if (++reading.attributes > kMaxXmlAttributes) {
      return reading.refuse(fmt::format("more than {} attributes", kMaxXmlAttributes));
    }
    element.attributes.emplace_back(local_name(attributes[0]), attributes[1]);
  }
  reading.open.push_back(static_cast<int>(reading.tree.size()));
  reading.tree.push_back(std::move(element));
}

void on_end(void* user, const XML_Char*) {
  auto& reading = *static_cast<Reading*>(user);
  if (!reading.problem && !reading.open.empty()) reading.open.pop_back();
}

void on_text(void* user, const XML_Char* text, int length) {
  auto& reading = *static_cast<Reading*>(user);
  if (reading.problem || reading.open.empty()) return;
  reading.tree[static_cast<std::size_t>(reading.open.back())].text.append(
      text, static_cast<std::size_t>(length));
}

void on_doctype(void* user, const XML_Char*, const XML_Char*, const XML_Char*, int) {
  static_cast<Reading*>(user)->refuse("a document type is declared, which no program needs");
}

void on_entity(void* user, const XML_Char*, int, const XML_Char*, int, const XML_Char*,
               const XML_Char*, const XML_Char*, const XML_Char*) {
  static_cast<Reading*>(user)->refuse("an entity is declared, which no program needs");
}

}  // namespace

std::string format(const Problem& problem, std::string_view file) {
  std::string out(file);
  if (problem.line > 0) out += fmt::format(":{}", problem.line);
  if (!problem.block.empty()) out += fmt::format(": block {}", core::printable(problem.block));
  return out + ": " + core::printable(problem.text);
}

std::string_view XmlElement::attribute(std::string_view key) const {
  for (const auto& [at, value] : attributes) {
    if (at == key) return value;
  }
  return {};
}

bool XmlElement::has(std::string_view key) const {
  for (const auto& [at, value] : attributes) {
    if (at == key) return true;
  }
  return false;
}

std::variant<XmlTree, Problem> parse_xml(std::string_view bytes) {
  if (bytes.size() > kMaxXmlBytes) {
    return Problem{0, {}, fmt::format("larger than {} MiB", kMaxXmlBytes >> 20U)};
  }
  const Parser parser(XML_ParserCreate(nullptr));
  if (parser == nullptr) return Problem{0, {}, "no memory to read it"};
  Reading reading;
  reading.parser = parser.get();
  XML_SetUserData(parser.get(), &reading);
  XML_SetElementHandler(parser.get(), on_start, on_end);
  XML_SetCharacterDataHandler(parser.get(), on_text);
  XML_SetStartDoctypeDeclHandler(parser.get(), on_doctype);
  XML_SetEntityDeclHandler(parser.get(), on_entity);
  const auto status =
      XML_Parse(parser.get(), bytes.data(), static_cast<int>(bytes.size()), XML_TRUE);
  if (reading.problem) return *reading.problem;
  if (status != XML_STATUS_OK) {
    return Problem{
        reading.line(),
        {},
        fmt::format("not well-formed XML: {}", XML_ErrorString(XML_GetErrorCode(parser.get())))};
  }
  return std::move(reading.tree);
}

}  // namespace derivd::dbot
