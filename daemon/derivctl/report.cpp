// report: the trades of a journal as one file.
#include <fmt/format.h>

#include <fstream>
#include <memory>

#include "derivctl/command.hpp"
#include "derivctl/report_page.hpp"
#include "service/exit_code.hpp"
#include "store/journal.hpp"

namespace derivd::ctl {
namespace {

int report(const Context& context, const std::string& html) {
  const auto file = context.journal_file();
  auto journal = store::Journal::open(file, store::Journal::Mode::kReadOnly);
  if (!journal) return fail(service::kCtlOther, journal.error().text);
  const auto orders = (*journal)->orders({});
  if (!orders) return fail(service::kCtlOther, orders.error().text);
  std::ofstream out(html);
  out << daemon::html_report(*orders);
  out.close();
  if (!out) return fail(service::kCtlOther, html + " cannot be written");
  fmt::print("{}\n", html);
  return service::kCtlOk;
}

}  // namespace

void add_report(Commands& commands) {
  const auto& context = commands.context();
  const auto html = std::make_shared<std::string>();
  auto* c = commands.add("report", "the trades as one HTML file");
  c->add_option("--html", *html, "file to write")->required();
  commands.on(c, [&context, html] { return report(context, *html); });
}

}  // namespace derivd::ctl
