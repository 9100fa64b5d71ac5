// Draws FitLab's live charts with Plotly.react: the same node for the whole run, so that a zoom survives every update.
// Sent once per browser together with plotly.js; the component that ticks only hands its bytes to `window.fitlabChart`.
window.fitlabChart = (() => {
  const FAINT = { batch: 0.5, epoch: 1, best: 1 };

  // bytes = uint32 length of the header, the header (JSON), then float32 x and y of each line.
  function decode(bytes) {
    const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
    const header = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)));
    const floats = new Float32Array(bytes.slice(4 + length).buffer); // slice copies: the bytes may lie unaligned
    let at = 0;
    for (const line of header.lines) {
      line.x = floats.subarray(at, at + line.n);
      line.y = floats.subarray(at + line.n, at + 2 * line.n);
      at += 2 * line.n;
    }
    return header;
  }

  function theme(host) {
    const style = getComputedStyle(host);
    const read = (name) => style.getPropertyValue(name).trim();
    return {
      hues: read("--st-chart-categorical-colors").split(","),
      text: read("--st-text-color"),
      grid: read("--st-border-color"),
      background: read("--st-background-color"),
      font: read("--st-font"),
    };
  }

  function trace(line, colours, header) {
    const color = colours.hues[line.hue];
    const shapes = {
      batch: { mode: "lines", line: { color, width: 1 }, hoverinfo: "skip" },
      epoch: { mode: "lines+markers", line: { color, width: 3 }, marker: { color, size: 6 } },
      best: {
        mode: "markers",
        marker: { color, size: 17, symbol: "star", line: { color: colours.background, width: 1.5 } },
        hoverinfo: "skip",
      },
    };
    return {
      type: "scatter",
      name: line.name,
      x: line.x,
      y: line.y,
      opacity: FAINT[line.style],
      connectgaps: false,
      hovertemplate: header.percent ? "%{y:.1%}" : "%{y:.3f}",
      ...shapes[line.style],
    };
  }

  function layout(header, colours, host) {
    const axis = { gridcolor: colours.grid, zeroline: false, linecolor: colours.grid, automargin: false };
    return {
      height: header.height,
      width: host.clientWidth,
      margin: { l: 46, r: 10, t: 10, b: 42 },
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      font: { family: colours.font, color: colours.text, size: 13 },
      uirevision: header.uirevision,
      hovermode: "x unified",
      hoverlabel: { bgcolor: colours.background, font: { color: colours.text } },
      // On a touch screen a finger on the chart scrolls the page; with a mouse, dragging zooms.
      dragmode: matchMedia("(pointer: coarse)").matches ? false : "zoom",
      showlegend: false,
      xaxis: { ...axis, range: [0, 1.015 * header.x_max], title: { text: header.x_title, standoff: 6, font: { size: 13 } } },
      yaxis: header.percent
        ? { ...axis, range: [0, 1.03], tickformat: ".0%" }
        : { ...axis, rangemode: "tozero", tickformat: "~g" },
    };
  }

  // Plotly's own legend leaves out lines without points yet, and the chart would jump with the first one.
  function legend(parent, header, colours) {
    const title = document.createElement("b");
    title.textContent = header.title;
    const entries = header.lines.map((line) => {
      const entry = document.createElement("span");
      const mark = document.createElement("i");
      mark.className = line.style;
      mark.style.color = colours.hues[line.hue];
      mark.style.opacity = FAINT[line.style];
      entry.append(mark, line.name);
      return entry;
    });
    parent.querySelector(".live-legend").replaceChildren(title, ...entries);
  }

  function draw(parent, bytes) {
    const host = parent.querySelector(".live-chart");
    const colours = theme(host);
    const key = JSON.stringify(colours);
    const header = decode(bytes);
    // A tick without news, in the same theme, leaves the drawing alone.
    if (host.dataset.version === header.version && host.fitlabTheme === key) return host;
    host.dataset.version = header.version;
    host.dataset.points = header.lines.reduce((sum, line) => sum + line.n, 0);
    host.fitlabTheme = key;
    legend(parent, header, colours);
    host.setAttribute("role", "img");
    host.setAttribute("aria-label", header.label);
    const traces = header.lines.map((line) => trace(line, colours, header));
    Plotly.react(host, traces, layout(header, colours, host), { displayModeBar: false, doubleClick: "reset" });
    if (!host.fitlabResize) {
      host.fitlabResize = new ResizeObserver(() => {
        if (host.clientWidth && host.clientWidth !== host.layout.width) {
          Plotly.relayout(host, { width: host.clientWidth });
        }
      });
      host.fitlabResize.observe(host);
    }
    return host;
  }

  function remove(host) {
    host.fitlabResize.disconnect();
    Plotly.purge(host);
  }

  return { draw, remove };
})();
