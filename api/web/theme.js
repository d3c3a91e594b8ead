// Not a module: it must run before the page is painted. The system's theme holds until the reader chooses.
try {
  const theme = localStorage.getItem("sourcespan.theme");
  if (theme === "dark" || theme === "light") document.documentElement.dataset.theme = theme;
} catch {
  // this browser keeps nothing
}
