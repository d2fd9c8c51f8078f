<?cs # 1.cs: one hole ?><p><?cs alt:x ?></p>
