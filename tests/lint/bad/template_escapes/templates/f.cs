<?cs # f.cs: one hole ?><a href="<?cs var:url_escape(a) + b ?>">x</a>
