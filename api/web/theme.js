// Not a module: it must run before the page is painted. The system's theme holds until the reader chooses.
{
  const NAME = "sourcespan.theme";
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");

  const chosen = () => {
    try {
      return localStorage.getItem(NAME);
    } catch {
      return null;
    }
  };
  const apply = (theme) => {
    if (theme === "dark" || theme === "light") root.dataset.theme = theme;
  };
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
  const label = () => {
    const button = document.getElementById("theme");
    button.setAttribute("aria-label", isDark() ? "Switch to light" : "Switch to dark");
    button.title = button.getAttribute("aria-label");
  };
  const toggle = () => {
    const theme = isDark() ? "light" : "dark";
    apply(theme);
    label();
    try {
      localStorage.setItem(NAME, theme);
    } catch {
      // the choice holds until the page is closed
    }
  };

  apply(chosen());
  document.addEventListener("DOMContentLoaded", () => {
    document.getElementById("theme").addEventListener("click", toggle);
    system.addEventListener("change", label);
    label();
  });
}
