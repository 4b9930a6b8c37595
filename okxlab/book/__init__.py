"""Order books from snapshots and changes, which say so when they are torn."""

from okxlab.book.figures import BookFigures, BookSnapshot
from okxlab.book.order_book import OrderBook, State
from okxlab.book.top import TopOfBook

__all__ = ["BookFigures", "BookSnapshot", "OrderBook", "State", "TopOfBook"]
