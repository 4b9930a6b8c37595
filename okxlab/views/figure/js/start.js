// What the notebook calls: a model was made, a view of it is shown.

function start(model) {
  const page = (globalThis[PAGE] ??= new Page());
  const figure = new Figure(model, page);
  page.figures.add(figure);
  model.on("msg:custom", (content, buffers) => figure.receive(content, buffers));
  setTimeout(() => figure.ask(), ASK_AFTER);
  return figure;
}

export default () => {
  let figure;
  return {
    initialize({ model }) {
      figure = start(model);
      return () => figure.end();
    },
    render({ model, el }) {
      const view = new View(figure, el);
      figure.views.add(view);
      figure.noteView();
      figure.page.schedule();
      return () => {
        view.remove();
        figure.views.delete(view);
        figure.noteView();
      };
    },
  };
};
