<?cs # 8.cs: one hole ?><p><?cs include:x ?></p>
