// A grid of pictures with their names. Nodes are kept when pictures change, so that nothing flickers or jumps, and the
// keyboard stays where it was. Data without tiles are of settings that may still be on the move: once these have rested,
// the pictures are asked for.
export default function ({ data, parentElement, setTriggerValue }) {
  let root = parentElement.querySelector(".fl-gallery");
  if (!root) {
    root = document.createElement("div");
    root.className = "fl-gallery";
    parentElement.appendChild(root);
  }
  root.style.setProperty("--columns", data.columns);
  root.style.setProperty("--narrow", data.narrow);
  root.setAttribute("role", "group");
  root.setAttribute("aria-label", data.label);
  clearTimeout(root.rest);
  root.setAttribute("aria-busy", String(data.tiles === null));
  if (data.tiles === null) {
    root.rest = setTimeout(() => setTriggerValue("asked", data.settings), root.firstChild ? data.rest_ms : 0);
    return () => clearTimeout(root.rest); // when the page is left
  }
  const tag = data.clickable ? "BUTTON" : "FIGURE";
  if (root.firstChild && root.firstChild.tagName !== tag) root.replaceChildren();
  while (root.children.length > data.tiles.length) root.lastChild.remove();
  data.tiles.forEach((tile, index) => {
    let node = root.children[index];
    if (!node) {
      node = document.createElement(tag);
      node.className = "fl-tile";
      node.append(document.createElement("img"), document.createElement("span"));
      root.appendChild(node);
    }
    const [image, name] = node.children;
    if (image.src !== tile.src) image.src = tile.src;
    image.alt = tile.alt;
    name.textContent = tile.name;
    node.title = tile.alt;
    if (data.clickable) {
      node.type = "button";
      node.setAttribute("aria-pressed", String(index === data.chosen));
      node.onclick = () => setTriggerValue("clicked", index);
    }
  });
}
