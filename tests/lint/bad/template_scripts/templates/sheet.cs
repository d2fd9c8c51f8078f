<?cs # sheet.cs: ?><style>p { color: red }</style>
