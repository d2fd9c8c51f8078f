<?cs # 6.cs: one hole ?><p><?cs escape:"none" ?></p>
